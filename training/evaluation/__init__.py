"""Evaluate networks, and show the results."""
