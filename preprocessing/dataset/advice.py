"""Say before the long work what a source lacks for training."""

from collections.abc import Iterator

from preprocessing.dataset.grouping import group_keys
from preprocessing.dataset.labels import SPLITS, resolve_label
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.types import Source, SourceKind
from preprocessing.errors import DatasetError
from preprocessing.images.lettering import lacks_letters_of
from preprocessing.runtime.terminal import quoted


def check_source(source: Source, options: AlignOptions) -> list[str]:
    """Make sure that the splits asked for can be made, and list what people should know.

    Raises:
        DatasetError: A split to be split off is there already, there is nothing to take it from,
            or there are no labels.
    """
    if source.kind is SourceKind.PHOTOS:
        if options.split_off is not None:
            advice = " ".join(_about_photos(source, options)).removeprefix("note: ")
            raise DatasetError(
                f"{source.path.name} holds photos without labels; --split-off is for labelled "
                f"ones. {advice[:1].upper()}{advice[1:]}".rstrip()
            )
        return [*source.notes, *_about_photos(source, options)]
    return [*source.notes, *_about_labels(source, options), *_about_letters(options)]


def _about_letters(options: AlignOptions) -> Iterator[str]:
    if undrawn := [label for label in options.labels if lacks_letters_of(label)]:
        yield (
            f"note: letters of {', '.join(undrawn)} are in none of the fonts here. Tables, JSON "
            "and the page show such labels as they are; on pictures question marks stand for them."
        )


def _about_photos(source: Source, options: AlignOptions) -> Iterator[str]:
    if not options.reading.is_unlabelled:
        yield (
            f"note: no folder of {source.path.name} is named after an expression, so its pictures "
            "are photos without labels, which cannot be trained on. Other classes are named with "
            "--labels, other names with --map."
        )


def _about_labels(source: Source, options: AlignOptions) -> Iterator[str]:
    splits = {split for _, split in source.counts}
    made = () if options.split_off is None else options.split_off.splits
    if there := [split for split in made if split in splits]:
        raise DatasetError(
            f"{source.path.name} has a split {there[0]} already. Leave it out of --split-off."
        )
    if options.split_off is not None:
        if "train" not in splits:
            raise DatasetError(
                f"{source.path.name} has no training pictures of which --split-off could take some."
            )
        if options.split_off.group_by is not None:
            # Known before the long work, not after it.
            group_keys(source.names(), Names(options.reading), options.split_off.group_by)
    missing = [split for split in SPLITS if split not in splits and split not in made]
    if "train" in missing:
        yield f"warning: {source.path.name} has no training pictures, so `fit` cannot train on it."
    elif "val" in missing:
        parts = ",".join(f"{split}=0.1" for split in missing)
        yield (
            f"warning: {source.path.name} has no split val, without which `fit` cannot train. Make "
            f"one of a part of the training pictures with --split-off {parts}"
        )
    if options.keeps_all_labels:
        return
    found = {resolve_label(label, options.disgust) for label, _ in source.counts} - {None}
    wanted = [label for label in options.labels if label not in found]
    if len(found) == 1:
        yield (
            f"warning: all pictures of {source.path.name} are {found.pop()}. A network trained on "
            "them says so of every face. Name the folder that holds the folders of all classes."
        )
    elif wanted and found:
        present = ",".join(label for label in options.labels if label in found)
        yield (
            f"note: there are no pictures of {', '.join(wanted)}. To train on the other labels "
            f"alone: --only {quoted(present)}"
        )
