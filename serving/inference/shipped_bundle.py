"""Where the trained model lies that ships with the package."""

from pathlib import Path

SHIPPED_BUNDLE = Path(__file__).parents[1] / "bundle"
