"""The path of the trained model that ships with the package."""

from pathlib import Path

SHIPPED_BUNDLE = Path(__file__).parents[1] / "bundle"
