"""Statistics and pages about a dataset, and what such pages are made of."""
