from pathlib import Path

from training.fitting.curves import Curves


def test_a_resumed_run_drops_the_curves_of_epochs_it_takes_anew(tmp_path: Path) -> None:
    for epochs, loss in ((0, 3.0), (1, 2.0), (1, 1.0)):
        with Curves(tmp_path, epochs=epochs) as curves:
            curves.add(epochs + 1, {"loss": loss})
    text = (tmp_path / "curves.csv").read_text(encoding="utf-8")
    assert text.splitlines() == ["epoch,loss", "1,3", "2,1"]


def test_a_run_that_is_killed_right_after_its_resume_keeps_its_curves(tmp_path: Path) -> None:
    with Curves(tmp_path, epochs=0) as curves:
        curves.add(1, {"loss": 3.0})
    resumed = Curves(tmp_path, epochs=1)
    # A process that is killed here writes nothing more.
    assert (tmp_path / "curves.csv").read_text(encoding="utf-8") == "epoch,loss\n1,3\n"
    with resumed:
        resumed.add(2, {"loss": 2.0})
    assert (tmp_path / "curves.csv").read_text(encoding="utf-8").endswith("1,3\n2,2\n")
