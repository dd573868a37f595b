import plotly.graph_objects as go
import pytest

from serving.charts import MAX_COLOURS, comparison_figure, probability_figure
from serving.predictor import Predictor


def test_a_chart_is_one_that_plotly_knows(predictor: Predictor, photo: bytes) -> None:
    result = predictor.predict(photo)[1]
    (prediction,) = result.predictions
    # Plotly's own classes refuse every property and value that its script does not know.
    (bars,) = go.Figure(probability_figure(prediction, result.labels)).data
    assert bars.y == result.labels
    assert sum(bars.x) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("faces", [2, MAX_COLOURS + 1])
def test_a_comparison_has_a_bar_for_each_face_and_label(
    faces: int, predictor: Predictor, photo: bytes
) -> None:
    result = predictor.predict(photo)[1]
    figure = go.Figure(comparison_figure(result.predictions * faces, result.labels))
    assert [bars.x for bars in figure.data] == [result.labels] * faces
    assert figure.layout.showlegend == (faces <= MAX_COLOURS)
