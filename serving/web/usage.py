"""How much of something each address has had lately, such as the models' time."""

from serving.web.client_address import LastAddresses

# After so long, what an address has used counts half.
HALF_LIFE_S = 30.0


class Usage:
    """How much of something each address has used; what it used long ago counts less."""

    def __init__(self) -> None:
        """Start with none."""
        # How much each address had used, and when that was.
        self._used = LastAddresses[tuple[float, float]]()

    def add(self, address: str, used_s: float, *, now_s: float) -> None:
        """Note what an address has used, at a time of a clock that never jumps, in seconds."""
        self._used[address] = (self.of(address, now_s=now_s) + used_s, now_s)

    def of(self, address: str, *, now_s: float) -> float:
        """Return what an address has used, in seconds."""
        used_s, at_s = self._used.get(address, (0.0, now_s))
        return used_s * 2 ** ((at_s - now_s) / HALF_LIFE_S)
