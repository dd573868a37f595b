import itertools
import math
import random

import pytest

from tests.bench.scale import simulate

# Of 100,000 arrivals, one run.
CLOSE = 0.06


@pytest.fixture(scope="module")
def exponential_s() -> list[float]:
    draw = random.Random(1)  # noqa: S311
    return [draw.expovariate(1.0) for _ in range(50_000)]


@pytest.mark.parametrize("utilisation", [0.1, 0.6])
def test_one_worker_without_a_limit_is_the_textbook_s(
    utilisation: float, exponential_s: list[float]
) -> None:
    # Time in an M/M/1 system is exponential.
    met = simulate(utilisation, exponential_s, workers=1, places=1000)
    assert met.p99_s == pytest.approx(math.log(100) / (1 - utilisation), rel=CLOSE)
    assert met.shed == 0


def test_without_waiting_places_it_sheds_by_erlang_s_formula(exponential_s: list[float]) -> None:
    offered = 1.5
    erlang_b = (offered**2 / 2) / (1 + offered + offered**2 / 2)
    met = simulate(offered, exponential_s, workers=2, places=2)
    assert met.shed == pytest.approx(erlang_b, rel=CLOSE)
    assert met.p99_s == pytest.approx(math.log(100), rel=CLOSE)


def test_more_load_is_slower_and_sheds_more() -> None:
    all_met = [simulate(rate, [1.0], workers=2, places=4) for rate in (0.5, 1.0, 1.9, 4.0)]
    for lighter, heavier in itertools.pairwise(all_met):
        assert lighter.p99_s <= heavier.p99_s
        assert lighter.shed < heavier.shed
