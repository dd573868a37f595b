"""The record of the model, on `/model`."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from unittest import mock

from flask.testing import FlaskClient

from serving.cli.doctor import diagnose
from serving.inference.predictor import Predictor
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from serving.web.app import create_app
from serving.web.settings import Settings


def test_the_model_s_record_gives_its_own_figures(
    client: FlaskClient, predictor: Predictor
) -> None:
    text = client.get("/model").text
    for figures in predictor.spec.metrics.values():
        for name in ("accuracy", "accuracy_one_view", "accuracy_without_leaked", "macro_f1"):
            assert f"{figures[name]:.1%}" in text
        assert f"{figures['ece_15_bins']:.3f}" in text
    test = predictor.spec.metrics["test"]
    for row in (*test["reliability"], *test["coverage"][4::5], *test["slices"]):
        assert f">{row['accuracy']:.1%}</td>" in text
    for name, key in (("reliability", "confidence"), ("coverage", "share")):
        points = [
            f"{40 + 300 * row[key]:.1f} {210 - 200 * row['accuracy']:.1f}" for row in test[name]
        ]
        assert f'd="M{"L".join(points)}"' in text
    for counts in predictor.spec.metrics["test"]["confusion"]:
        assert all(f">{count}</td>" in text for count in counts)
    assert predictor.scheme.licence in text
    assert "Not measured" in text
    assert "An expression is not an emotion" in text
    assert f"trained for {predictor.spec.provenance['training_minutes']:.0f} minutes" in text


def test_a_model_without_figures_says_so(client: FlaskClient, predictor: Predictor) -> None:
    with mock.patch.object(predictor, "spec", replace(predictor.spec, metrics={})):
        answer = client.get("/model")
        first = client.get("/")
    assert answer.status_code == first.status_code == 200
    assert "without figures" in answer.text


def test_a_model_without_a_test_split_does_not_speak_of_one(
    client: FlaskClient, predictor: Predictor
) -> None:
    val = {"val": predictor.spec.metrics["val"]}
    with mock.patch.object(predictor, "spec", replace(predictor.spec, metrics=val)):
        text = client.get("/model").text
    assert "Settings were chosen on “val”" in text
    assert "“test”" not in text


def test_a_bundle_whose_figures_no_page_can_show_is_not_served(tmp_path: Path) -> None:
    """Each page, that of the error too, was answered with an error of the server's own."""
    shutil.copy(SHIPPED_BUNDLE / "model.tflite", tmp_path)
    spec = json.loads((SHIPPED_BUNDLE / "spec.json").read_text(encoding="utf-8"))
    spec["metrics"]["val"]["reliability"] = 7
    (tmp_path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    client = create_app(Settings(bundle=tmp_path)).test_client()
    assert client.get("/").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "metrics.val.reliability" in answer.get_json()["detail"]
    *_, (is_well, finding) = diagnose(tmp_path)
    assert not is_well
    assert "metrics.val.reliability" in finding
