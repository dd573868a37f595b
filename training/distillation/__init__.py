"""Train a network with the predictions of others."""
