from pathlib import Path

import pytest

from preprocessing.errors import MienError
from training.export.place import make_place


def test_the_folder_where_one_is_cannot_become_a_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MienError, match="Name a folder in it"):
        make_place(Path(), overwrite=False)
    make_place(Path("bundle"), overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.partial"]
