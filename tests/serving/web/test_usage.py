import pytest

from serving.web import client_address
from serving.web.usage import HALF_LIFE_S, Usage


def test_what_an_address_has_used_counts_less_and_less() -> None:
    used = Usage()
    assert used.of("one", now_s=5) == 0
    used.add("one", 4, now_s=10)
    used.add("one", 4, now_s=10 + HALF_LIFE_S)
    assert used.of("one", now_s=10 + HALF_LIFE_S) == pytest.approx(6)
    assert used.of("one", now_s=10 + 3 * HALF_LIFE_S) == pytest.approx(1.5)
    assert used.of("another", now_s=10 + 3 * HALF_LIFE_S) == 0


def test_of_more_addresses_than_are_kept_the_oldest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_address, "KEPT_ADDRESSES", 2)
    used = Usage()
    for address in ("one", "two", "one", "three"):
        used.add(address, 1, now_s=0)
    assert [used.of(address, now_s=0) for address in ("one", "two", "three")] == [2, 0, 1]
