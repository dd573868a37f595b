import pytest

from preprocessing.dataset.labels import (
    FER2013_LABELS,
    DisgustPolicy,
    labels_for,
    resolve_label,
)
from preprocessing.errors import DatasetError


@pytest.mark.parametrize("policy", DisgustPolicy)
def test_labels_and_class_indices_are_one_to_one(policy: DisgustPolicy) -> None:
    labels = labels_for(policy)
    assert len(set(labels)) == len(labels) == (7 if policy is DisgustPolicy.KEEP else 6)
    resolved = {resolve_label(label, policy) for label in FER2013_LABELS} - {None}
    assert resolved == set(labels)


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(DatasetError, match="hangry"):
        resolve_label("hangry", DisgustPolicy.DROP)
