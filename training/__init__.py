"""Train the network on an aligned dataset, evaluate it honestly, export it as a bundle."""
