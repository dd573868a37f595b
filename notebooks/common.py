"""What the notebooks share: their data, in full or as a sample, and how they show things.

With NOTEBOOK_SAMPLE=1 a notebook runs in seconds, on drawn faces and with the shortest training;
else on the dataset in NOTEBOOK_DATASET (data/fer2013), with its runs in NOTEBOOK_RUNS (runs).
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from IPython.display import Image, display
from numpy.typing import NDArray

from notebooks.cartoons import write_cartoons
from preprocessing.dataset.build import align_source
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.images.encode import encode_png
from training.config import FitConfig
from training.presets import PRESETS

SAMPLE_FACES = 16
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def is_sample() -> bool:
    """Say whether the notebook is to run in seconds."""
    return os.environ.get("NOTEBOOK_SAMPLE") == "1"


def open_dataset() -> Dataset:
    """Read the dataset that the notebooks are about, or draw a small one."""
    if not is_sample():
        return read_dataset(Path(os.environ.get("NOTEBOOK_DATASET", "data/fer2013")))
    with tempfile.TemporaryDirectory() as folder:
        write_cartoons(Path(folder, "source"), count=SAMPLE_FACES)
        options = AlignOptions(workers=1)
        align_source(Path(folder, "source"), Path(folder, "aligned"), options=options)
        return read_dataset(Path(folder, "aligned"))


def run_folder(name: str) -> Path:
    """Return the folder of a training run."""
    if is_sample():
        return Path(tempfile.mkdtemp()) / name
    return Path(os.environ.get("NOTEBOOK_RUNS", "runs")) / name


def trained_run(name: str, dataset: Dataset, *, by: str, start_from: Path | None = None) -> Path:
    """Return the folder of a finished run, trained by a preset first where there is none."""
    # The notebooks on data and alignment need no TensorFlow.
    from training.fitting.fit import fit
    from training.networks.build import NETWORK_NAME

    run = run_folder(name)
    if not (run / NETWORK_NAME).is_file():
        fit(dataset, run, config=_preset(by), start_from=start_from, resume=True)
    return run


def _preset(name: str) -> FitConfig:
    """Return a preset, in a sample cut short and made small."""
    config = PRESETS[name]
    if is_sample():
        size = ((0.0, config.sizes[-1][1]),)
        config = replace(
            config, width=4, minutes=None, epochs=2, sizes=size, batch_size=8, precision="float32"
        )
    return config


def show(figure: go.Figure) -> None:
    """Show an interactive chart, with a still picture for readers on the web.

    The still is a screenshot by Chromium; where there is none, or in a sample, it is left out.
    `notebooks.execute --full`, of which the outputs are kept, asks for Chromium before it begins.
    """
    shown = {"application/vnd.plotly.v1+json": json.loads(figure.to_json())}
    browser = find_browser()
    if browser is not None and not is_sample():
        shown["image/png"] = base64.b64encode(_screenshot(figure, browser)).decode()
    display(shown, raw=True)


def find_browser() -> str | None:
    """Return Chromium's program, or None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def show_sheet(picture: NDArray[np.uint8]) -> None:
    """Show a grey or RGB picture."""
    display(Image(encode_png(picture)))


def _screenshot(figure: go.Figure, browser: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        page, still = Path(folder, "page.html"), Path(folder, "still.png")
        figure.write_html(page, config={"displayModeBar": False})
        width, height = figure.layout.width + 16, figure.layout.height + 16
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={folder}/profile", "--virtual-time-budget=20000"]
        command += [f"--window-size={width},{height}", f"--screenshot={still}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return still.read_bytes()
