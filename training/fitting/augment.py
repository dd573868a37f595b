"""Random changes of chips, computed in the graph."""

import math
from typing import Any

import keras
from keras import ops, random

from training.networks.resize import resize


@keras.saving.register_keras_serializable("mien")
class Augment(keras.layers.Layer):
    """Turn, scale, shift, mirror, blur and re-light chips; add noise, erase a part, resize.

    Rotation, scale, shift and mirroring are one warp: each chip is sampled once. Outside training
    chips are only brought to size.

    Input: (n, side, side), uint8. Output: (n, size_px, size_px, 1), float32, about 0 to 255.
    """

    def __init__(
        self,
        *,
        size_px: int,
        rotation_deg: float,
        scale: tuple[float, float],
        shift: float,
        contrast: float,
        brightness: float,
        blur: float,
        noise: float,
        erase: float,
        seed: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.size_px = size_px
        self.settings: dict[str, Any] = {
            "rotation_deg": rotation_deg,
            "scale": tuple(scale),
            "shift": shift,
            "contrast": contrast,
            "brightness": brightness,
            "blur": blur,
            "noise": noise,
            "erase": erase,
            "seed": seed,
        }
        self.seed_generator = random.SeedGenerator(seed)

    def get_config(self) -> dict[str, Any]:
        """Return what rebuilds the layer."""
        return {"name": self.name, "size_px": self.size_px, **self.settings}

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the output for that of the input."""
        return (input_shape[0], self.size_px, self.size_px, 1)

    def call(self, chips: keras.KerasTensor, *, training: bool = False) -> keras.KerasTensor:
        """Augment in training, bring to size always."""
        x = ops.expand_dims(ops.cast(chips, "float32"), -1)
        if training:
            x = self._warp(x)
        x = resize(x, self.size_px)
        if training:
            x = self._blur(x) if self.settings["blur"] else x
            x = self._relight(x)
            x = self._add_noise(x) if self.settings["noise"] else x
            x = self._erase(x)
        return x

    def _uniform(self, count: keras.KerasTensor, low: float, high: float) -> keras.KerasTensor:
        return random.uniform((count,), low, high, seed=self.seed_generator)

    def _warp(self, x: keras.KerasTensor) -> keras.KerasTensor:
        count, side = ops.shape(x)[0], x.shape[1]
        largest = math.radians(self.settings["rotation_deg"])
        angle = self._uniform(count, -largest, largest)
        low, high = self.settings["scale"]
        # Uniform in the logarithm: shrinking by two is as likely as enlarging by two.
        zoom = ops.exp(self._uniform(count, math.log(low), math.log(high)))
        mirror = ops.where(self._uniform(count, -1, 1) < 0, -1.0, 1.0)
        reach = self.settings["shift"] * side
        shift_x, shift_y = self._uniform(count, -reach, reach), self._uniform(count, -reach, reach)
        # The warp maps places in the output to places in the input, about the centre.
        cosine, sine = ops.cos(angle) / zoom, ops.sin(angle) / zoom
        a, b, c, d = cosine * mirror, -sine, sine * mirror, cosine
        centre = (side - 1) / 2
        zero = ops.zeros_like(angle)
        offset_x = centre - (a + b) * centre + shift_x
        offset_y = centre - (c + d) * centre + shift_y
        transforms = ops.stack([a, b, offset_x, c, d, offset_y, zero, zero], axis=1)
        return ops.image.affine_transform(
            x, transforms, interpolation="bilinear", fill_mode="nearest"
        )

    def _blur(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Blur half of the chips with a Gaussian, as small faces and those out of focus are."""
        largest = self.settings["blur"]
        sigma_px = self._uniform(ops.shape(x)[0], -largest, largest)
        # So narrow that a pixel keeps its value: no blur.
        sigma_px = ops.reshape(ops.maximum(sigma_px, 0.01), (-1, 1, 1))
        places = ops.arange(self.size_px, dtype="float32")
        distances = (places[:, None] - places[None, :]) / sigma_px
        weights = ops.softmax(-ops.square(distances) / 2, axis=-1)
        narrowed = ops.matmul(x[..., 0], ops.transpose(weights, (0, 2, 1)))
        return ops.expand_dims(ops.matmul(weights, narrowed), -1)

    def _relight(self, x: keras.KerasTensor) -> keras.KerasTensor:
        count = ops.shape(x)[0]
        contrast, brightness = self.settings["contrast"], self.settings["brightness"]
        gain = ops.reshape(self._uniform(count, 1 - contrast, 1 + contrast), (-1, 1, 1, 1))
        lift = ops.reshape(self._uniform(count, -brightness, brightness), (-1, 1, 1, 1)) * 255
        mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
        return (x - mean) * gain + mean + lift

    def _add_noise(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Add noise, as cameras do in the dark, to half of the chips; strong to few of them."""
        largest = self.settings["noise"]
        strength = ops.maximum(self._uniform(ops.shape(x)[0], -largest, largest), 0)
        noise = random.normal(ops.shape(x), seed=self.seed_generator)
        return x + ops.reshape(strength, (-1, 1, 1, 1)) * noise

    def _erase(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Blank out a rectangle (Zhong et al. 2017, arXiv:1708.04896) with the chip's mean."""
        count = ops.shape(x)[0]
        places = ops.arange(self.size_px, dtype="float32") / self.size_px

        def inside() -> keras.KerasTensor:
            length = self._uniform(count, 0.15, 0.45)
            start = self._uniform(count, 0, 1) * (1 - length)
            after = places[None, :] >= start[:, None]
            return ops.logical_and(after, places[None, :] < (start + length)[:, None])

        rectangle = ops.logical_and(inside()[:, :, None], inside()[:, None, :])
        chosen = self._uniform(count, 0, 1) < self.settings["erase"]
        erased = ops.logical_and(rectangle, chosen[:, None, None])[..., None]
        return ops.where(erased, ops.mean(x, axis=(1, 2, 3), keepdims=True), x)
