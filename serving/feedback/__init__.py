"""What people say of predictions: how it is kept, deleted, counted and exported."""
