"""The settings of a training run."""

from dataclasses import dataclass

from preprocessing.errors import MienError

MODELS = {
    "resnet34": "cpu",
    "shallow": "shallow",
    "wide": "wide",
    "vgg": "vgg",
    "alexlike": "alexlike",
}
"""The networks, each with the preset that is made for it."""
CROSS_ENTROPY, SQUARED_ERROR = "cross_entropy", "mean_squared_error"
LOSSES = (CROSS_ENTROPY, SQUARED_ERROR)
PRECISIONS = ("float32", "float16", "int8")
"""Precisions of exported weights; int8 means dynamic-range quantisation."""
MOST_VIEWS = (1, 2, 10)
"""Views of a chip that an export averages at most: itself, mirrored too, and its corners too."""
RANDOM, DLIB = "random", "dlib"
INITIAL_WEIGHTS = (RANDOM, DLIB)
DLIB_WIDTH = 32
"""Channels of the first stage of dlib's face recognition network."""
LONGEST_RUN = 1e6
"""Minutes, or passes over the training rows: far more than any network needs."""
WIDEST, LARGEST_SIDE_PX = 256, 512
"""The most channels of a first stage, and the largest side of a chip: with both the weights of any
network take a few gigabytes at most."""
HIGHEST_RATE = 1e3
"""The highest learning rate that is accepted: far higher than any network bears."""


@dataclass(frozen=True)
class FitConfig:
    """All that decides a training run, next to the dataset.

    Attributes:
        model: One of `MODELS`. Only resnet34 takes chips of any side.
        width: Of resnet34: channels of the first stage; each later stage has twice as many.
        stem_stride: Of resnet34: 1 keeps the chip's resolution in the first stage, 2 halves it.
        stem_pool: Of resnet34: a 7x7 convolution and a pooling that halves the resolution.
        initial_weights: One of `INITIAL_WEIGHTS`: random, or those of dlib's face recognition
            network as far as it goes (`training/networks/dlib_start.py`). A run that starts from
            another has that one's.
        dropout: Fraction of the features dropped before the last layer.
        minutes: Length of the run in time spent on steps, which is nearly all. The schedule
            follows the clock, so it always reaches its end, on any machine.
        epochs: Length of the run in passes over the training rows. One of the two is given.
        sizes: Pairs (progress, side): from that fraction of the run on, chips are shrunk to that
            side. Small chips first cost less and teach the same.
        cycles: How often the learning rate falls to zero. After each fall a snapshot is kept, and
            the snapshots make an ensemble (Huang et al. 2017, arXiv:1704.00109).
        batch_size: Chips a step.
        learning_rate: At its peak, after the warm-up; a cosine takes it to zero.
        warmup: Fraction of each cycle in which the learning rate rises from zero.
        momentum: Of SGD with Nesterov's look-ahead.
        weight_decay: Decoupled, on kernels only. 5e-3 here does what 5e-4 added to the gradient
            does at momentum 0.9, which multiplies that by 1 / (1 - 0.9).
        loss: One of `LOSSES`; the squared error is that of the probabilities.
        crowd_weight: Weight of the output `crowd` in the loss of a network that has `label` too,
            which has the rest: with 0 or 1 only one of the two is learnt.
        label_smoothing: Of the cross-entropy: probability spread evenly over all labels in the
            targets of `label`; votes and a teacher's probabilities are left as they are.
        teacher_weight: Weight of a teacher's probabilities in the target of each row that it knows,
            above 0; None without a teacher.
        average_momentum: Memory of the moving average of the weights, a step.
        raw_share: Fraction of training chips shown unaligned, as the source frames them.
        other_share: Fraction of training chips shown as other landmarks align them; None without
            other landmarks.
        rotation_deg: Largest random turn.
        scale: Smallest and largest random scale.
        shift: Largest random shift, as a fraction of the chip's side.
        contrast: Largest random relative change of contrast.
        brightness: Largest random shift of brightness, of 255.
        blur: Largest standard deviation of a Gaussian blur, in pixels of the chip as the network
            sees it; half of the chips have none.
        noise: Largest standard deviation of noise, in grey levels; half of the chips have none.
        erase: Probability that a rectangle is blanked out.
        tunes: Go on from a trained network with few pictures, in the shape and at the side that it
            has: the last layers are fitted alone first, those of known labels from what they know,
            and normalisation stays as it is.
        patience: After this many epochs without a lower loss on val the run ends, and the best
            moving average of the weights is kept. None to train to the end.
        class_weight: Exponent, 0 to 1: a row of a label that is n times as rare counts by n to this
            power more.
        precision: Keras dtype policy.
        seed: Of everything random but the order in which threads add up.
    """

    model: str = "resnet34"
    width: int = 32
    stem_stride: int = 1
    stem_pool: bool = False
    initial_weights: str = RANDOM
    dropout: float = 0.2
    minutes: float | None = None
    epochs: float | None = None
    sizes: tuple[tuple[float, int], ...] = ((0.0, 48),)
    cycles: int = 1
    batch_size: int = 64
    learning_rate: float = 0.05
    warmup: float = 0.03
    momentum: float = 0.9
    weight_decay: float = 5e-3
    loss: str = CROSS_ENTROPY
    crowd_weight: float = 0.5
    label_smoothing: float = 0.1
    teacher_weight: float | None = None
    average_momentum: float = 0.995
    raw_share: float = 0.15
    other_share: float | None = None
    rotation_deg: float = 10.0
    scale: tuple[float, float] = (0.88, 1.15)
    shift: float = 0.07
    contrast: float = 0.15
    brightness: float = 0.1
    blur: float = 0.0
    noise: float = 0.0
    erase: float = 0.2
    tunes: bool = False
    patience: int | None = None
    class_weight: float = 0.0
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_length()
        self._check_network()
        self._check_shares()
        self._check_steps()

    def _check_length(self) -> None:
        if (self.minutes is None) == (self.epochs is None):
            raise MienError(
                f"Give either minutes or epochs. Received: minutes={self.minutes}, "
                f"epochs={self.epochs}"
            )
        length = self.minutes if self.epochs is None else self.epochs
        # The comparison also fails for NaN.
        if not (0 < (length or 0) <= LONGEST_RUN and 0 < self.learning_rate <= HIGHEST_RATE):
            raise MienError(
                f"The length of a run must be above 0 and at most {LONGEST_RUN:,.0f} minutes or "
                f"epochs, the learning rate above 0 and at most {HIGHEST_RATE:,.0f}. Received: "
                f"minutes={self.minutes}, epochs={self.epochs}, learning_rate={self.learning_rate}"
            )

    def _check_network(self) -> None:
        if self.model not in MODELS or self.loss not in LOSSES:
            raise MienError(
                f"model must be one of {', '.join(MODELS)}, loss one of {', '.join(LOSSES)}. "
                f"Received: model={self.model!r}, loss={self.loss!r}"
            )
        if self.initial_weights not in INITIAL_WEIGHTS:
            raise MienError(
                f"initial_weights must be one of {', '.join(INITIAL_WEIGHTS)}. "
                f"Received: {self.initial_weights!r}"
            )
        fits_dlib = self.model == "resnet34" and self.width == DLIB_WIDTH and self.stem_pool
        if self.initial_weights == DLIB and not fits_dlib:
            raise MienError(
                f"dlib's weights are for a resnet34 of width {DLIB_WIDTH} with stem_pool. "
                f"Received: model={self.model!r}, width={self.width}, stem_pool={self.stem_pool}"
            )
        if self.model != "resnet34" and len(self.sizes) != 1:
            raise MienError(
                f"The network {self.model!r} takes chips of one side. Received: sizes={self.sizes}"
            )
        starts = [start for start, _ in self.sizes]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)) or starts[-1] >= 1:
            raise MienError(f"sizes must start at 0 and rise below 1. Received: {self.sizes}")

    def _check_shares(self) -> None:
        for name in ("raw_share", "dropout", "erase", "label_smoothing", "warmup"):
            if not 0 <= getattr(self, name) < 1:
                raise MienError(f"{name} must be in [0, 1). Received: {getattr(self, name)}")
        if not 0 <= self.crowd_weight <= 1:
            raise MienError(f"crowd_weight must be in [0, 1]. Received: {self.crowd_weight}")
        if self.other_share is not None and not 0 < self.other_share <= 1 - self.raw_share:
            raise MienError(
                "other_share must be above 0, and with raw_share no more than 1. "
                f"Received: other_share={self.other_share}, raw_share={self.raw_share}"
            )
        if self.teacher_weight is not None and not 0 < self.teacher_weight <= 1:
            raise MienError(f"teacher_weight must be in (0, 1]. Received: {self.teacher_weight}")
        if not 0 <= self.class_weight <= 1 or (self.class_weight and self.loss != CROSS_ENTROPY):
            raise MienError(
                "class_weight must be in [0, 1], and 0 with the squared error. "
                f"Received: {self.class_weight}, loss={self.loss!r}"
            )

    def _check_steps(self) -> None:
        if self.patience is not None and (self.patience < 1 or self.cycles > 1):
            raise MienError(
                "patience must be positive, and a run of several cycles has none. "
                f"Received: patience={self.patience}, cycles={self.cycles}"
            )
        is_small = self.width <= WIDEST and all(0 < px <= LARGEST_SIDE_PX for _, px in self.sizes)
        if not is_small:
            raise MienError(
                f"width must be at most {WIDEST}, and sizes 1 to {LARGEST_SIDE_PX}. "
                f"Received: width={self.width}, sizes={self.sizes}"
            )
        if min(self.width, self.batch_size, self.cycles) < 1 or self.seed < 0:
            raise MienError(
                "width, batch_size and cycles must be positive, and seed must not be negative. "
                f"Received: {self.width}, {self.batch_size}, {self.cycles}, {self.seed}"
            )
