import csv
import io
from pathlib import Path

import pytest

from serving.inference.csv_table import write_csv
from serving.web.openapi_examples import ANSWER


@pytest.mark.parametrize("label", ["left", "face", "hints"])
def test_a_label_that_is_named_like_another_column_has_one_of_its_own(label: str) -> None:
    (face,) = ANSWER.faces
    shares = {label: 0.25, "happy": 0.75}
    answer = ANSWER.model_copy(
        update={"faces": [face.model_copy(update={"probabilities": shares})]}
    )
    table = io.StringIO(newline="")
    write_csv(table, [(Path("a.jpg"), answer)], labels=tuple(shares))
    header, cells = csv.reader(table.getvalue().splitlines())
    assert len(set(header)) == len(header)
    row = dict(zip(header, cells, strict=True))
    assert (row[f"p_{label}"], row["happy"]) == ("0.2500", "0.7500")
    assert (row["left"], row["face"]) == (str(face.box.left), str(face.index))
    assert row["hints"] == " ".join(face.hints)


@pytest.mark.parametrize("name", ["=cmd|calc.jpg", "@sum.jpg", "\ufeff\xa0+1.jpg", "caf\udce9.jpg"])
def test_what_a_name_says_is_shown_as_text_in_every_column(name: str, tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        write_csv(file, [(Path(name), f"{name}: Permission denied")], labels=())
    (row,) = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    shown = name.replace("\udce9", "\\xe9") if "\udce9" in name else f"'{name}"
    assert (row["file"], row["problem"]) == (shown, f"{shown}: Permission denied")


def test_pictures_without_a_face_and_unreadable_ones_have_a_row() -> None:
    nobody = ANSWER.model_copy(update={"faces": []})
    table = io.StringIO(newline="")
    answers = [(Path("a.jpg"), ANSWER), (Path("b.jpg"), nobody), (Path("c.jpg"), "It is damaged.")]
    write_csv(table, answers, labels=tuple(ANSWER.faces[0].probabilities))
    rows = list(csv.DictReader(table.getvalue().splitlines()))
    assert [(row["file"], row["problem"]) for row in rows] == [
        ("a.jpg", ""),
        ("b.jpg", "no face found"),
        ("c.jpg", "It is damaged."),
    ]
    assert {value for row in rows[1:] for name, value in row.items()} == {
        "", "b.jpg", "no face found", "c.jpg", "It is damaged.",
    }  # fmt: skip
