"""What a bundle holds beside its card, and how its network is run."""
