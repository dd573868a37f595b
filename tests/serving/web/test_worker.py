from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from gunicorn.workers.gthread import ThreadWorker

from serving.web import worker
from serving.web.worker import PatientWorker


def test_of_all_workers_that_with_most_room_accepts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted: list[float] = []
    monkeypatch.setattr(worker, "LONGEST_PAUSE_S", 0.6)
    monkeypatch.setattr(ThreadWorker, "accept", lambda _, listener: accepted.append(listener))

    def accept(fraction_taken: float) -> None:
        patient = PatientWorker.__new__(PatientWorker)
        service = SimpleNamespace(queue=SimpleNamespace(fraction_taken=fraction_taken))
        patient.wsgi = SimpleNamespace(extensions={"mien": service})
        patient.accept(fraction_taken)

    with ThreadPoolExecutor() as workers:
        list(workers.map(accept, [1, 0.5, 0]))
    assert accepted == [0, 0.5, 1]
