"""Run notebooks from top to bottom: `python -m notebooks.execute --help`."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from notebooks.common import find_browser
from preprocessing.runtime.processes import usable_cores

FOLDER = Path(__file__).parent
TIMEOUT_S = 4 * 3600


@click.command()
@click.argument("names", nargs=-1, help="Such as 03-shallow; by default all.")
@click.option("--full", is_flag=True, help="In full; keep what comes out.")
def main(*, names: tuple[str, ...], full: bool) -> None:
    """Run notebooks from top to bottom."""
    if full and find_browser() is None:
        raise click.ClickException(
            "A full run draws a still of each chart by Chromium, which is not on the PATH. "
            "Install it (on Debian: apt-get install chromium), or try a sample, without --full."
        )
    os.environ["NOTEBOOK_SAMPLE"] = "0" if full else "1"
    paths = [FOLDER / f"{name}.ipynb" for name in names] or sorted(FOLDER.glob("*.ipynb"))
    # Full runs train on what earlier ones left, and use all cores by themselves.
    at_once = 1 if full else usable_cores()
    with ThreadPoolExecutor(at_once) as executor:
        runs = [executor.submit(_execute, path, keep=full) for path in paths]
        for path, run in zip(paths, runs, strict=True):
            print(path.stem, flush=True)
            try:
                run.result()
            except CellExecutionError as error:
                executor.shutdown(cancel_futures=True)
                raise click.ClickException(str(error)) from error


def _execute(path: Path, *, keep: bool) -> None:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=TIMEOUT_S, resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    if keep:
        _leave_out_noise(notebook)
        nbformat.write(notebook, path)


def _leave_out_noise(notebook: nbformat.NotebookNode) -> None:
    """Leave out what differs at each run and nobody reads: times and progress bars."""
    notebook.metadata = {"kernelspec": notebook.metadata.kernelspec}
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if not _is_noise(each)]


def _is_noise(output: nbformat.NotebookNode) -> bool:
    # TensorFlow logs to stdout in a notebook.
    return output.get("name") == "stderr" or ":tensorflow:" in output.get("text", "")


if __name__ == "__main__":
    main()
