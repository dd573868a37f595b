"""Alembic's environment, and in `versions/` the changes of the database, one after the other."""
