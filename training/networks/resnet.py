"""ResNet-34 for small grey chips."""

from keras import KerasTensor, Model, layers

from training.networks.normalization import FusedBatchNormalization
from training.networks.outputs import output_logits

STAGE_BLOCKS = (3, 4, 6, 3)
"""Basic blocks a stage: with two convolutions each, the stem and the last layer, 34 layers."""


def resnet34(
    classes: int,
    *,
    outputs: tuple[str, ...],
    width: int = 32,
    stem_stride: int = 1,
    stem_pool: bool = False,
    dropout: float = 0.0,
) -> Model:
    """Build the 34-layer residual network of He et al. 2015 (arXiv:1512.03385).

    Chips are small, so the stem is one 3x3 convolution without pooling, or at most halves them.
    Shortcuts that halve the
    resolution average before they project (ResNet-D, He et al. 2018, arXiv:1812.01187).

    Args:
        classes: Number of labels.
        outputs: As in `output_logits`.
        width: Channels of the first stage.
        stem_stride: 1 or 2.
        stem_pool: Let the stem be a 7x7 convolution and a 3x3 maximum of stride 2.
        dropout: Fraction of the pooled features dropped in training.

    Returns:
        A model from chips, (n, height, width, 1), 0 black to 255 white, of any size, to float32
        logits, (n, outputs, classes).
    """
    chips = layers.Input((None, None, 1), name="chips")
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(chips)
    x = _conv_norm(x, width, kernel=7 if stem_pool else 3, stride=stem_stride, name="stem")
    x = layers.ReLU(name="stem_relu")(x)
    if stem_pool:
        x = layers.MaxPooling2D(3, 2, padding="same", name="stem_pool")(x)
    for stage, blocks in enumerate(STAGE_BLOCKS, start=1):
        for block in range(1, blocks + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            channels = width * 2 ** (stage - 1)
            x = _basic_block(x, channels, stride=stride, name=f"stage{stage}_block{block}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return Model(chips, output_logits(x, classes=classes, outputs=outputs), name="resnet34")


def _basic_block(x: KerasTensor, channels: int, *, stride: int, name: str) -> KerasTensor:
    shortcut = x
    if stride > 1:
        shortcut = layers.AveragePooling2D(stride, padding="same", name=f"{name}_pool")(shortcut)
    if shortcut.shape[-1] != channels:
        shortcut = _conv_norm(shortcut, channels, kernel=1, stride=1, name=f"{name}_shortcut")
    x = _conv_norm(x, channels, kernel=3, stride=stride, name=f"{name}_1")
    x = layers.ReLU(name=f"{name}_1_relu")(x)
    x = _conv_norm(x, channels, kernel=3, stride=1, name=f"{name}_2")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_relu")(x)


def _conv_norm(
    x: KerasTensor, channels: int, *, kernel: int, stride: int, name: str
) -> KerasTensor:
    x = layers.Conv2D(
        channels,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return FusedBatchNormalization(momentum=0.95, epsilon=1e-5, name=f"{name}_norm")(x)
