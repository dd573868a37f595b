"""Experiments that compare ways to do one thing."""
