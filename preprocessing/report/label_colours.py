"""The colour of each label: the same one on the page, in charts, on pictures and in notebooks.

Any two of the six colours of FER2013's labels stay apart (CIE76 distance of 25 or more) for people
with usual colour vision, protanopia, deuteranopia or tritanopia. Each has a contrast of 3:1 or more
to the ground of its theme. A test computes both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WHITE, INK = "#ffffff", "#14110d"
LIGHT_GROUNDS, DARK_GROUNDS = ("#ffffff", "#faf6ee"), ("#211f1c", "#161513")
"""What the colours of a theme are drawn on: cards first, then the page."""


@dataclass(frozen=True)
class LabelColour:
    """A label's colour in both themes, as `#rrggbb`.

    Attributes:
        light: On a light ground, and on photos that are saved.
        dark: On a dark ground.
        light_ink: What words on `light` are written in: white or nearly black, at least 4.5:1.
        dark_ink: Likewise on `dark`.
    """

    light: str
    dark: str
    light_ink: str
    dark_ink: str


_KNOWN = {
    "angry": LabelColour("#6b1602", "#c55e4b", WHITE, INK),
    "fear": LabelColour("#14179f", "#9d2ae8", WHITE, WHITE),
    "happy": LabelColour("#ba8206", "#ffb605", INK, INK),
    "sad": LabelColour("#0893e7", "#0d8ecb", INK, INK),
    "surprise": LabelColour("#6b9155", "#81eaff", INK, INK),
    "neutral": LabelColour("#170415", "#ece7d2", WHITE, INK),
}
# As far from the six as there is room; farther ones come first.
_FURTHER = (
    LabelColour("#5a1e5a", "#c37896", WHITE, INK),
    LabelColour("#a52d00", "#f2552c", WHITE, INK),
    LabelColour("#2d5ab4", "#1eb4ff", WHITE, INK),
    LabelColour("#ff3c96", "#ffd2f0", INK, INK),
    LabelColour("#1e5a50", "#5ab43c", WHITE, INK),
    LabelColour("#a51eff", "#b496ff", WHITE, INK),
    LabelColour("#874b2d", "#ffd296", WHITE, INK),
    LabelColour("#505a5a", "#b4c3c3", WHITE, INK),
)


def colours_of(labels: Sequence[str]) -> dict[str, LabelColour]:
    """Give each label its colour.

    FER2013's six labels always have theirs. Others take, in their order, the colours of those of
    the six that are not among the labels, then further ones; beyond fourteen labels colours repeat.

    Args:
        labels: Different words, in the order of a dataset or bundle.
    """
    free = [colour for label, colour in _KNOWN.items() if label not in labels] + list(_FURTHER)
    others = [label for label in labels if label not in _KNOWN]
    taken = {label: free[index % len(free)] for index, label in enumerate(others)}
    return {label: _KNOWN.get(label) or taken[label] for label in labels}
