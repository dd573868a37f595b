"""The settings of a training run, and presets that say what to expect of them."""

from dataclasses import dataclass, replace

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
"""Of the exported weights; int8 means dynamic-range quantisation."""
MOST_VIEWS = (1, 2, 10)
"""Views of a chip that an export averages at most: itself, mirrored too, and its corners too."""


@dataclass(frozen=True)
class FitConfig:
    """All that decides a training run, next to the dataset.

    Attributes:
        model: One of `MODELS`. Only resnet34 takes chips of any side.
        width: Of resnet34: channels of the first stage; each later stage has twice as many.
        stem_stride: Of resnet34: 1 keeps the chip's resolution in the first stage, 2 halves it.
        dropout: Share of the features dropped before the last layer.
        minutes: Length of the run in time spent on steps, which is nearly all. The schedule
            follows the clock, so it always reaches its end, on any machine.
        epochs: Length of the run in passes over the training rows. One of the two is given.
        sizes: Pairs (progress, side): from that share of the run on, chips are shrunk to that
            side. Small chips first cost less and teach the same.
        cycles: How often the learning rate falls to zero. After each fall a snapshot is kept, and
            the snapshots make an ensemble (Huang et al. 2017, arXiv:1704.00109).
        batch_size: Chips a step.
        learning_rate: At its peak, after the warm-up; a cosine takes it to zero.
        warmup: Share of each cycle in which the learning rate rises from zero.
        momentum: Of SGD with Nesterov's look-ahead.
        weight_decay: Decoupled, on kernels only. 5e-3 here does what 5e-4 added to the gradient
            does at momentum 0.9, which multiplies that by 1 / (1 - 0.9).
        loss: One of `LOSSES`; the squared error is that of the probabilities.
        crowd_weight: Weight of the output `crowd` in the loss of a network that has `label` too,
            which has the rest.
        label_smoothing: Of the cross-entropy: probability spread evenly over all labels in the
            targets of `label`; votes and a teacher's probabilities are left as they are.
        teacher_weight: Share of a teacher's probabilities in the target of each row that it knows,
            above 0; None without a teacher.
        average_momentum: Memory of the moving average of the weights, a step.
        raw_share: Share of training chips shown unaligned, as the source frames them.
        rotation_deg: Largest random turn.
        scale: Smallest and largest random scale.
        shift: Largest random shift, as a share of the chip's side.
        contrast: Largest random relative change of contrast.
        brightness: Largest random shift of brightness, of 255.
        erase: Probability that a rectangle is blanked out.
        tunes: Go on from a trained network with few pictures: the last layers are fitted alone
            first, those of known labels from what they know, and normalisation stays as it is.
        patience: The run ends when the moving average of the weights has not got better on val for
            so many epochs, and its best is taken. None to train to the end.
        class_weight: Exponent, 0 to 1: a row of a label that is n times as rare counts by n to this
            power more.
        precision: Keras dtype policy.
        seed: Of everything random but the order in which threads add up.
    """

    model: str = "resnet34"
    width: int = 32
    stem_stride: int = 1
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
    rotation_deg: float = 10.0
    scale: tuple[float, float] = (0.88, 1.15)
    shift: float = 0.07
    contrast: float = 0.15
    brightness: float = 0.1
    erase: float = 0.2
    tunes: bool = False
    patience: int | None = None
    class_weight: float = 0.0
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.epochs is None):
            raise MienError(
                f"Give either minutes or epochs. Received: minutes={self.minutes}, "
                f"epochs={self.epochs}"
            )
        length = self.minutes if self.epochs is None else self.epochs
        if not (length or 0) > 0 or self.learning_rate <= 0:
            raise MienError(
                "The length of a run and the learning rate must be above 0. Received: "
                f"minutes={self.minutes}, epochs={self.epochs}, learning_rate={self.learning_rate}"
            )
        if self.model not in MODELS or self.loss not in LOSSES:
            raise MienError(
                f"model must be one of {', '.join(MODELS)}, loss one of {', '.join(LOSSES)}. "
                f"Received: model={self.model!r}, loss={self.loss!r}"
            )
        if self.model != "resnet34" and len(self.sizes) != 1:
            raise MienError(
                f"The network {self.model!r} takes chips of one side. Received: sizes={self.sizes}"
            )
        starts = [start for start, _ in self.sizes]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)) or starts[-1] >= 1:
            raise MienError(f"sizes must start at 0 and rise below 1. Received: {self.sizes}")
        for name in ("raw_share", "dropout", "erase", "crowd_weight", "label_smoothing", "warmup"):
            if not 0 <= getattr(self, name) < 1:
                raise MienError(f"{name} must be in [0, 1). Received: {getattr(self, name)}")
        if self.teacher_weight is not None and not 0 < self.teacher_weight <= 1:
            raise MienError(f"teacher_weight must be in (0, 1]. Received: {self.teacher_weight}")
        if not 0 <= self.class_weight <= 1 or (self.class_weight and self.loss != CROSS_ENTROPY):
            raise MienError(
                "class_weight must be in [0, 1], and 0 with the squared error. "
                f"Received: {self.class_weight}, loss={self.loss!r}"
            )
        if self.patience is not None and (self.patience < 1 or self.cycles > 1):
            raise MienError(
                "patience must be positive, and a run of several cycles has none. "
                f"Received: patience={self.patience}, cycles={self.cycles}"
            )
        if min(self.width, self.batch_size, self.cycles) < 1 or self.seed < 0:
            raise MienError(
                "width, batch_size and cycles must be positive, and seed must not be negative. "
                f"Received: {self.width}, {self.batch_size}, {self.cycles}, {self.seed}"
            )


_SHALLOW = FitConfig(
    model="shallow", epochs=120, sizes=((0.0, 40),), learning_rate=0.02, dropout=0.0
)
_WIDE = FitConfig(
    model="wide",
    epochs=80,
    sizes=((0.0, 40),),
    learning_rate=0.02,
    dropout=0.3,
    precision="mixed_bfloat16",
)

# Times and scores of one seed on FER2013's six classes; "test" with views, as exported.
PRESETS = {
    # python -m training fit data/fer2013 runs/cpu --preset cpu
    # 95 minutes on two cores; val 67.4 %, test 68.6 %.
    "cpu": FitConfig(
        minutes=95, sizes=((0.0, 24), (0.3, 32), (0.7, 40)), precision="mixed_bfloat16"
    ),
    # python -m training fit data/fer2013 runs/longer --preset cpu-longer --start-from runs/cpu
    # 75 minutes more on two cores; val 69.1 %, test 70.7 %. Once more, --start-from runs/longer
    # --minutes 90: val 70.5 %, test 71.1 %.
    "cpu-longer": FitConfig(
        minutes=75,
        sizes=((0.0, 40), (0.6, 48)),
        learning_rate=0.025,
        precision="mixed_bfloat16",
    ),
    # python -m training fit data/fer2013 runs/again --preset cpu-again --start-from runs/taught \
    #     --teacher both.npz --teacher-weight 0.5
    # 85 minutes more on two cores; val 71.9 %, test 72.0 %.
    "cpu-again": FitConfig(
        minutes=85,
        sizes=((0.0, 40), (0.5, 48)),
        learning_rate=0.03,
        raw_share=0.3,
        precision="mixed_bfloat16",
    ),
    # python -m training fit data/fer2013 runs/crowd --preset crowd --start-from runs/again \
    #     --teacher again.npz --teacher-weight 0.5
    # 80 minutes more on one core without bfloat16, on a dataset with votes; crowd: 88.1 % of val's
    # majority, label: 71.2 % of val, both in float32.
    "crowd": FitConfig(minutes=80, sizes=((0.0, 40),), learning_rate=0.025, raw_share=0.3),
    # python -m training fit data/fer2013 runs/crowd-longer --preset crowd-longer \
    #     --start-from runs/crowd --teacher two.npz --teacher-weight 0.5
    # 97 minutes more on one core; crowd: 88.1 % of val's majority, label: 71.0 % of val; of test
    # 87.5 and 71.6 %. This ships: training/README.md.
    "crowd-longer": FitConfig(
        minutes=97,
        sizes=((0.0, 40),),
        learning_rate=0.03,
        raw_share=0.3,
        precision="mixed_bfloat16",
    ),
    # python -m training fit data/fer2013 runs/gpu --preset gpu
    # 25 minutes on a GPU; not measured yet.
    "gpu": FitConfig(
        width=64, minutes=25, batch_size=128, learning_rate=0.1, precision="mixed_bfloat16"
    ),
    # For 100 to 5,000 pictures of one's own, from a network that is trained already:
    # python -m training fit data/mine runs/mine --preset tune
    # The score depends on the pictures. The side is that of the network that ships. With the
    # statistics of normalisation kept, rates of 0.005 came apart on drawn faces.
    "tune": FitConfig(
        epochs=20,
        sizes=((0.0, 40),),
        batch_size=16,
        learning_rate=0.001,
        average_momentum=0.98,
        tunes=True,
        patience=5,
        class_weight=0.5,
    ),
    # The earlier networks; shallow and wide at the side at which they cost what was reported.
    # python -m training fit data/fer2013 runs/shallow --model shallow
    # 20 minutes on one busy core; with the mirror image val 63.9 %, test 65.4 %.
    "shallow": _SHALLOW,
    # python -m training fit data/fer2013 runs/snapshots --preset shallow-snapshots \
    #     --start-from runs/shallow
    # 13 minutes on one busy core; by the mean of all nine val 64.6 %, test 64.5 %.
    "shallow-snapshots": replace(_SHALLOW, epochs=54, cycles=9),
    # python -m training fit data/fer2013 runs/wide --model wide
    # 40 minutes on one busy core; with the mirror image val 65.2 %, test 66.3 %.
    "wide": _WIDE,
    # python -m training fit data/fer2013 runs/wide-snapshots --preset wide-snapshots \
    #     --start-from runs/wide
    # 24 minutes on one busy core; by the mean of all nine val 65.6 %, test 67.0 %.
    "wide-snapshots": replace(_WIDE, epochs=63, cycles=9),
    # python -m training fit data/fer2013 runs/vgg --model vgg
    # 50 minutes on one busy core; with the mirror image val 64.5 %, test 66.1 %. With dropout
    # between its narrow dense layers it learns nothing.
    "vgg": FitConfig(
        model="vgg",
        epochs=20,
        sizes=((0.0, 48),),
        learning_rate=0.01,
        dropout=0.0,
        precision="mixed_bfloat16",
    ),
    # python -m training fit data/fer2013-seven runs/alexlike --model alexlike
    # 34 minutes on one busy core; seven classes (aligned with --disgust keep), with the mirror
    # image val 61.0 %, test 62.4 %.
    "alexlike": FitConfig(
        model="alexlike",
        epochs=20,
        sizes=((0.0, 48),),
        learning_rate=0.02,
        dropout=0.3,
        precision="mixed_bfloat16",
    ),
    # For `python -m training geometries`, not for use: the network that learns most in a minute.
    "compare": replace(_SHALLOW, epochs=8, raw_share=0.0),
    # Tests whether all runs, in seconds on a small set; no score.
    "smoke": FitConfig(width=4, epochs=1, sizes=((0.0, 24),), batch_size=16),
}
