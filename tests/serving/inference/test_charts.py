import plotly.graph_objects as go
import pytest

from serving.inference.charts import ROW_PX, comparison_figure, probability_figure
from serving.inference.predictor import Predictor


def test_a_chart_is_one_that_plotly_knows(predictor: Predictor, photo: bytes) -> None:
    result = predictor.predict(photo)[1]
    (prediction,) = result.predictions
    # Plotly's own classes refuse every property and value that its script does not know.
    (bars,) = go.Figure(probability_figure(prediction.probabilities.tolist(), result.labels)).data
    assert bars.y == result.labels
    assert sum(bars.x) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("faces", [2, 24])
def test_a_comparison_has_a_bar_for_each_face_that_is_as_high_however_many_there_are(
    faces: int, predictor: Predictor, photo: bytes
) -> None:
    result = predictor.predict(photo)[1]
    figure = go.Figure(
        comparison_figure([result.predictions[0].probabilities.tolist()] * faces, result.labels)
    )
    assert [parts.name for parts in figure.data] == list(result.labels)
    assert figure.layout.barmode == "stack"
    for shares in zip(*(parts.x for parts in figure.data), strict=True):
        assert sum(shares) == pytest.approx(1, abs=1e-3)
    assert [len(parts.y) for parts in figure.data] == [faces] * len(result.labels)
    assert figure.layout.height > faces * ROW_PX
