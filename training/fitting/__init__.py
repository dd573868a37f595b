"""Train one network: loop, augmentation, schedule and devices."""
