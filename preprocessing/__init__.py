"""From a picture to an aligned face: decode, detect, landmark, align, and keep as a dataset."""
