"""How many requests have a slot before the models at most, which settings reckon with."""

# For all addresses under suspicion together: one picture that is decoded and one that waits.
SUSPECT_CAPACITY = 2


def most_taken(capacity: int, *, addresses: int) -> int:
    """Return how many requests at most have one of the slots of a `Capacity` at once.

    Args:
        capacity: How many slots there are.
        addresses: How many addresses may have one each.
    """
    # The first address takes all, the second a half of that, the third a third.
    shared = sum(capacity // address for address in range(1, capacity + 1))
    return shared + max(0, addresses - capacity) + SUSPECT_CAPACITY
