"""Alignment on many machines, as an Apache Beam pipeline."""
