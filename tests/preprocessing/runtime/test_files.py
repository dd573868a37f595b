from pathlib import Path

import pytest

from preprocessing.runtime.files import replacing, write_whole


def test_a_file_is_as_it_was_until_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    write_whole(path, "before\n")
    with replacing(path) as unfinished:
        unfinished.write_text("after\n", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "before\n"
        assert (unfinished.parent, unfinished.suffix) == (path.parent, path.suffix)
    assert path.read_text(encoding="utf-8") == "after\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_fails_leaves_the_file_as_it_was_and_nothing_beside_it(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "figures.json"
    write_whole(path, "before\n")

    def write_half() -> None:
        with replacing(path) as unfinished:
            unfinished.write_text("half", encoding="utf-8")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_bytes() == b"before\n"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    (tmp_path / "partial-figures.json").write_text("much that was never finished")
    write_whole(path, "Größe\n")
    assert path.read_bytes() == "Größe\n".encode()
    assert list(tmp_path.iterdir()) == [path]
