"""How many instances a load needs, how long its answers take, and what it costs: `make scale`.

Measures how long pictures take a core, and lets requests arrive at random at a simulated instance:
two workers, a limited number of places; requests that find none are rejected. It says nothing of
what load balancers, networks and neighbours add.
"""

import argparse
import heapq
import math
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from serving.inference.predictor import Predictor
from serving.web.settings import Settings
from tests.bench.mixed_pictures import good_pictures

# An instance, and how full it may be, as in app.yaml.
WORKERS = 2
MEMORY_GB = 3
UTILISATION = 0.6
RATES = (10, 1_000, 100_000)
HOURS_A_MONTH = 730
# List prices in dollars of App Engine's flexible environment, region us-central1, without disk and
# traffic: to be compared with today's list before a decision rests on them.
CORE_HOUR = 0.0526
GB_HOUR = 0.0071
ROUNDS = 10
ARRIVALS = 100_000


@dataclass(frozen=True)
class Met:
    """What requests meet at an instance.

    Attributes:
        shed: Fraction of them that are rejected.
        p99_s: 99 of 100 of the others are answered within this many seconds.
    """

    shed: float
    p99_s: float


def simulate(rate: float, service_s: Sequence[float], *, workers: int, places: int) -> Met:
    """Let requests arrive at random.

    Args:
        rate: Requests a second.
        service_s: How long pictures take, in seconds; each request draws one of these.
        workers: How many are worked on at once.
        places: How many may be there at once, those that are worked on among them.
    """
    draw = random.Random(0)  # noqa: S311
    free_s = [0.0] * workers
    present_until_s: list[float] = []
    answered_s: list[float] = []
    now_s = 0.0
    for _ in range(ARRIVALS):
        now_s += draw.expovariate(rate)
        while present_until_s and present_until_s[0] <= now_s:
            heapq.heappop(present_until_s)
        if len(present_until_s) == places:
            continue
        end_s = max(now_s, heapq.heappop(free_s)) + draw.choice(service_s)
        heapq.heappush(free_s, end_s)
        heapq.heappush(present_until_s, end_s)
        answered_s.append(end_s - now_s)
    p99_s = statistics.quantiles(answered_s, n=100)[98]
    return Met(shed=1 - len(answered_s) / ARRIVALS, p99_s=p99_s)


def measure() -> list[float]:
    """Return the processor time of pictures, in seconds: an instance has a core for each worker."""
    predictor = Predictor()
    service_s = []
    for picture in good_pictures() * ROUNDS:
        started_s = time.process_time()
        predictor.predict(picture)
        service_s.append(time.process_time() - started_s)
    return service_s


def instance_hour(*, core_hour: float, gb_hour: float) -> float:
    """Return what an instance costs an hour, with a core for each worker."""
    return WORKERS * core_hour + MEMORY_GB * gb_hour


def main() -> None:
    """Print instances, p99 and cost by load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core-hour", type=float, default=CORE_HOUR, help="price of a core")
    parser.add_argument("--gb-hour", type=float, default=GB_HOUR, help="price of a GB of memory")
    options = parser.parse_args()
    service_s = measure()
    most = UTILISATION * WORKERS / statistics.mean(service_s)
    places = WORKERS * Settings().parallel_requests
    hour = instance_hour(core_hour=options.core_hour, gb_hour=options.gb_hour)
    print(f"a picture takes {1000 * statistics.mean(service_s):.0f} ms in the mean")
    print(f"an instance costs {hour:.4f} an hour, {HOURS_A_MONTH * hour:.0f} a month")
    print(f"{'pictures/s':>10}{'instances':>11}{'p99 ms':>9}{'shed':>9}{'a month':>14}")
    for rate in RATES:
        instances = math.ceil(rate / most)
        met = simulate(rate / instances, service_s, workers=WORKERS, places=places)
        month = instances * hour * HOURS_A_MONTH
        print(f"{rate:>10,}{instances:>11,}{1000 * met.p99_s:>9.0f}{met.shed:>9.3%}{month:>14,.0f}")


if __name__ == "__main__":
    main()
