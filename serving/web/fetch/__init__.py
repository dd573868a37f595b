"""Fetch a picture by its address, where the operator allows it, and nothing else."""
