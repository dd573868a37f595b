"""The commands of `python -m serving` that need no server."""
