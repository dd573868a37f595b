"""Read a dataset whose labels have other names than a bundle's, or lack some of them."""

from dataclasses import replace

import numpy as np

from preprocessing.bundle.spec import ModelSpec
from preprocessing.dataset.read import UNLABELLED, Dataset
from preprocessing.errors import DatasetError


def with_labels_of(spec: ModelSpec, dataset: Dataset, *, mapping: dict[str, str]) -> Dataset:
    """Give a dataset the labels of a bundle.

    Rows whose label the bundle does not have lose it, and so do not count.

    Args:
        spec: Of the bundle.
        dataset: A dataset whose labels may be others.
        mapping: The bundle's label for each label of another name.

    Raises:
        DatasetError: The mapping names a label that is not there, or no label is left.
    """
    recipe = dataset.manifest.recipe
    if not mapping and recipe.labels == spec.labels:
        return dataset
    unknown = [*(mapping.keys() - set(recipe.labels)), *(set(mapping.values()) - set(spec.labels))]
    if unknown:
        raise DatasetError(
            f"--map names labels that are not there: {', '.join(sorted(unknown))}. The dataset has "
            f"{', '.join(recipe.labels)}; the bundle has {', '.join(spec.labels)}."
        )
    meant = [mapping.get(label, label) for label in recipe.labels]
    places = [spec.labels.index(each) if each in spec.labels else UNLABELLED for each in meant]
    if set(places) == {UNLABELLED}:
        raise DatasetError(
            f"The dataset has no label of the bundle's. It has {', '.join(recipe.labels)}; the "
            f"bundle has {', '.join(spec.labels)}. Say what they mean with --map."
        )
    # The last place is that of unlabelled rows, of which the index is -1.
    class_indices = np.array([*places, UNLABELLED], np.int64)[dataset.class_indices]
    recipe = replace(recipe, labels=spec.labels, disgust=spec.disgust)
    manifest = replace(dataset.manifest, recipe=recipe)
    return replace(dataset, manifest=manifest, class_indices=class_indices)
