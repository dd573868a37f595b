"""What the packages import, found by reading the code; pyproject.toml holds who may import whom."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

PACKAGES = ("preprocessing", "training", "serving")


# What the extras `video` and `client` are for, and what they bring.
EXTRA_MODULES = (
    "serving.client",
    "serving.cli.video",
    "serving.cli.video_drawing",
    "serving.cli.video_outputs",
    "serving.inference.video",
)
EXTRAS = {"av", "httpx", "jinja2", "plotly", "pyarrow"}


def test_serving_reaches_only_what_its_lock_installs(repository_root: Path) -> None:
    lock = (repository_root / "requirements-serving.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    installed = {name for distribution in locked for name in _installed_by(distribution)}
    reached = _third_party_reached_from("serving", repository_root, without=EXTRA_MODULES)
    assert "flask" in reached
    # A table is given to those who have pandas; it need not be there.
    assert reached - {"pandas"} <= installed
    with_extras = _third_party_reached_from("serving", repository_root)
    assert with_extras - reached == EXTRAS


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import keras.layers as kl", {"keras.layers"}),
        ("from training.networks.resnet import block", {"training.networks.resnet.block"}),
        ("from preprocessing import errors", {"preprocessing.errors"}),
        ("def late():\n    import tensorflow", {"tensorflow"}),
        ("from importlib import import_module\nimport_module('keras')", {"keras"}),
        ("import importlib\nimportlib.import_module('keras')", {"keras"}),
        ("__import__('keras')", {"keras"}),
    ],
)
def test_the_walker_sees_every_kind_of_import(source: str, expected: set[str]) -> None:
    assert expected <= set(_imported_names(source))


def test_the_walker_refuses_relative_imports() -> None:
    with pytest.raises(AssertionError, match="relative"):
        list(_imported_names("from . import errors"))


def _modules(package: str, root: Path) -> dict[str, Path]:
    """Return the paths of a package's modules by their dotted names."""
    modules = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        modules[".".join(parts).removesuffix(".__init__")] = path
    return modules


def _imported_names(source: str) -> Iterator[str]:
    """Yield the dotted name of all that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                assert node.level == 0, "a relative import: write the package's name"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name


def _third_party_reached_from(
    package: str, root: Path, *, without: tuple[str, ...] = ()
) -> set[str]:
    """Follow imports through this repository; return the top names of what lies outside.

    Some modules, and all that lie in them, are passed by.
    """
    ours = {
        name: path
        for each in PACKAGES
        for name, path in _modules(each, root).items()
        if not any(name == left_out or name.startswith(f"{left_out}.") for left_out in without)
    }
    waiting = [name for name in ours if _top(name) == package]
    seen: set[str] = set()
    outside: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        for name in _imported_names(ours[module].read_text(encoding="utf-8")):
            if _top(name) not in PACKAGES:
                outside.add(_top(name))
                continue
            # A name may be a module, or something in one: `a.b.c` is in `a.b`, or `a.b.c` itself.
            parts = name.split(".")
            waiting += [
                dotted
                for end in range(1, len(parts) + 1)
                if (dotted := ".".join(parts[:end])) in ours
            ]
    return outside - set(sys.stdlib_module_names)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _installed_by(distribution: str) -> set[str]:
    """Return the top names that a distribution brings; none where it is for another platform."""
    # Taken from the files, since dlib-bin's own list of its top names lacks dlib.
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return set()
    return {file.parts[0].removesuffix(".py") for file in files}
