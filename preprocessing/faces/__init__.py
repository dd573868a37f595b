"""Faces: find them, locate their landmarks, and align them to chips."""
