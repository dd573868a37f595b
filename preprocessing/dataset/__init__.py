"""Aligned datasets: from a source to Parquet shards, and from those to arrays."""
