"""The networks of the systems that this project grew out of: plain convolutions, a dense end.

Each takes chips (n, side_px, side_px, 1), 0 black to 255 white, of one side only, and returns
float32 logits, (n, outputs, classes).
"""

from keras import Model, layers

from training.networks.outputs import output_logits


def shallow(classes: int, *, outputs: tuple[str, ...], side_px: int, dropout: float) -> Model:
    """Build two convolutions that stride instead of pooling; 1.1 million multiply-adds at 40 px."""
    hidden = [
        _conv(16, kernel=5, stage=1, strides=2),
        _conv(36, kernel=5, stage=2, strides=2),
        layers.Flatten(name="flatten"),
        _dense(128, name="dense"),
        layers.Dropout(dropout, name="dropout"),
    ]
    return _network("shallow", side_px, hidden, classes=classes, outputs=outputs)


def wide(classes: int, *, outputs: tuple[str, ...], side_px: int, dropout: float) -> Model:
    """Build three pooled 5x5 convolutions; 12 million multiply-adds at 40 px."""
    stages = [
        layer
        for stage, channels in enumerate((32, 64, 64), start=1)
        for layer in (
            _conv(channels, kernel=5, stage=stage),
            layers.MaxPooling2D(2, padding="same", name=f"stage{stage}_pool"),
        )
    ]
    end = [
        layers.Flatten(name="flatten"),
        _dense(128, name="dense"),
        layers.Dropout(dropout, name="dropout"),
    ]
    return _network("wide", side_px, [*stages, *end], classes=classes, outputs=outputs)


def vgg(classes: int, *, outputs: tuple[str, ...], side_px: int, dropout: float) -> Model:
    """Build mememoji's deep net: nine 3x3 convolutions in three stages, two dense layers of 64."""
    stages = []
    for stage, channels in enumerate((32, 64, 128), start=1):
        stages += [
            _conv(channels, kernel=3, stage=stage, number=number, padding="same")
            for number in (1, 2, 3)
        ]
        stages.append(layers.MaxPooling2D(2, name=f"stage{stage}_pool"))
    end = [
        layers.Flatten(name="flatten"),
        _dense(64, name="dense_1"),
        layers.Dropout(dropout, name="dropout_1"),
        _dense(64, name="dense_2"),
        layers.Dropout(dropout, name="dropout"),
    ]
    return _network("vgg", side_px, [*stages, *end], classes=classes, outputs=outputs)


def alexlike(classes: int, *, outputs: tuple[str, ...], side_px: int, dropout: float) -> Model:
    """Build FakeBlock's: AlexNet in small, with pools that overlap."""
    stages = [
        layer
        for stage, (channels, kernel) in enumerate(((64, 5), (64, 5), (128, 4)), start=1)
        for layer in (
            _conv(channels, kernel=kernel, stage=stage, padding="same"),
            layers.MaxPooling2D(3, strides=2, padding="same", name=f"stage{stage}_pool"),
        )
    ]
    end = [layers.Flatten(name="flatten"), layers.Dropout(dropout, name="dropout")]
    return _network("alexlike", side_px, [*stages, *end], classes=classes, outputs=outputs)


def _network(
    name: str,
    side_px: int,
    hidden: list[layers.Layer],
    *,
    classes: int,
    outputs: tuple[str, ...],
) -> Model:
    chips = layers.Input((side_px, side_px, 1), name="chips")
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(chips)
    for layer in hidden:
        x = layer(x)
    return Model(chips, output_logits(x, classes=classes, outputs=outputs), name=name)


def _conv(
    channels: int,
    *,
    kernel: int,
    stage: int,
    number: int = 1,
    strides: int = 1,
    padding: str = "valid",
) -> layers.Layer:
    return layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding=padding,
        activation="relu",
        kernel_initializer="he_normal",
        name=f"stage{stage}_conv{number}",
    )


def _dense(units: int, *, name: str) -> layers.Layer:
    return layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=name)
