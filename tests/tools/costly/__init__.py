"""Small files that ask a decoder for gigabytes or minutes, one of each kind.

Each function gives files of one format by name. They are made, not stored, and within seconds.
"""
