"""Teach a network with what others answer."""
