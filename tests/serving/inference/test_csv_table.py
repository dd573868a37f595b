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
