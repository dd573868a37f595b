"""Show why a network predicts what it does."""
