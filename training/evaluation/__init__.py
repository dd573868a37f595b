"""Judge a network honestly, and show what came out."""
