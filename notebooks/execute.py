"""Run notebooks from top to bottom: `python -m notebooks.execute --help`."""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from notebooks.common import find_browser
from preprocessing.runtime.processes import usable_cores

FOLDER = Path(__file__).parent
TIMEOUT_S = 4 * 3600


def main(arguments: list[str] | None = None) -> int:
    """Run the notebooks asked for and return 1 if that cannot be done, or a cell failed."""
    options = _parser().parse_args(arguments)
    if options.full and find_browser() is None:
        print(
            "error: A full run draws a still of each chart by Chromium, which is not on the PATH. "
            "Install it (on Debian: apt-get install chromium), or try a sample, without --full.",
            file=sys.stderr,
        )
        return 1
    os.environ["NOTEBOOK_SAMPLE"] = "0" if options.full else "1"
    paths = [FOLDER / f"{name}.ipynb" for name in options.names] or sorted(FOLDER.glob("*.ipynb"))
    # Full runs train on what earlier ones left, and use all cores by themselves.
    at_once = 1 if options.full else usable_cores()
    with ThreadPoolExecutor(at_once) as executor:
        runs = [executor.submit(_execute, path, keep=options.full) for path in paths]
        for path, run in zip(paths, runs, strict=True):
            print(path.stem, flush=True)
            try:
                run.result()
            except CellExecutionError as error:
                print(error, file=sys.stderr)
                executor.shutdown(cancel_futures=True)
                return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m notebooks.execute", description=__doc__)
    parser.add_argument("names", nargs="*", help="such as 03-shallow (default: all)")
    parser.add_argument("--full", action="store_true", help="in full; keep what comes out")
    return parser


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
    sys.exit(main())
