"""The changes of the database; each names the one before it."""
