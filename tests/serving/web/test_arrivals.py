from serving.web.arrivals import Arrivals


def test_that_goes_first_whose_address_has_fewest_threads_or_held_them_least_lately() -> None:
    waiting = Arrivals()
    for connection, peer in (("one", "a"), ("two", "a"), ("other", "b")):
        waiting.add(connection, peer=peer)
    assert [waiting.take(), waiting.take()] == ["one", "other"]
    waiting.end("a", held_s=1.0)
    waiting.end("b", held_s=0.1)
    waiting.add("last", peer="b")
    assert [waiting.take(), waiting.take()] == ["last", "two"]
