"""Pictures: decode, encode, and lay side by side."""
