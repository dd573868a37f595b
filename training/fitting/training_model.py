"""The model that is trained: augmentation and network, with optimizer and loss."""

import keras
from keras import Model

from training.config import SQUARED_ERROR, FitConfig
from training.fitting.augment import Augment
from training.networks.build import build_network
from training.networks.outputs import OutputLoss, loss_weights


def build_training_model(
    config: FitConfig, *, classes: int, outputs: tuple[str, ...], side_px: int
) -> Model:
    """Build and compile the network of a config behind its augmentation.

    Args:
        config: The settings of the run.
        classes: Number of labels.
        outputs: As in `output_logits`.
        side_px: Side of the dataset's chips.

    Returns:
        A compiled model from chips, uint8 (n, side_px, side_px), to logits, (n, outputs, classes).
        Its layers are `augment` and, named after its model, the network.
    """
    chips = keras.Input((side_px, side_px), dtype="uint8", name="chips")
    augment = build_augment(config, size_px=config.sizes[0][1])
    network = build_network(config, classes=classes, outputs=outputs)
    training_model = Model(chips, network(augment(chips)), name="training_model")
    optimizer = keras.optimizers.SGD(
        config.learning_rate,
        momentum=config.momentum,
        nesterov=True,
        weight_decay=config.weight_decay,
        use_ema=True,
        ema_momentum=config.average_momentum,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    training_model.compile(
        optimizer,
        OutputLoss(
            weights=loss_weights(outputs, crowd_weight=config.crowd_weight),
            squared=config.loss == SQUARED_ERROR,
        ),
        # TensorFlow's XLA makes convolutions on a CPU slower; JAX has no other way.
        jit_compile=keras.backend.backend() != "tensorflow",
    )
    return training_model


def build_augment(config: FitConfig, *, size_px: int) -> Augment:
    """Build the augmentation of a config, to chips of that side."""
    return Augment(
        name="augment",
        size_px=size_px,
        rotation_deg=config.rotation_deg,
        scale=config.scale,
        shift=config.shift,
        contrast=config.contrast,
        brightness=config.brightness,
        blur=config.blur,
        noise=config.noise,
        erase=config.erase,
        seed=config.seed,
    )


def set_size(training_model: Model, size_px: int) -> None:
    """Change the side of the chips; the compiled steps are built for one side."""
    augment = training_model.get_layer("augment")
    if augment.size_px != size_px:
        augment.size_px = size_px
        training_model.make_train_function(force=True)
        training_model.make_predict_function(force=True)
