"""Videos: reading them, following their faces, and writing down what these show."""
