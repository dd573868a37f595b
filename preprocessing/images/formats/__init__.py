"""Readers of picture files: each takes the bytes of one format and gives its pixels."""
