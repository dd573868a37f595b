"""The lock files fit what the project asks for, and each other."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("serving", "training", "sbom", "dev")
NOT_IN_THE_IMAGE = {"tensorflow", "tensorflow-cpu", "keras", "pyarrow", "pytest"}
PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def test_the_serving_lock_has_no_tensorflow(repository_root: Path) -> None:
    pins = _pins(repository_root, "serving")
    assert "flask" in pins
    assert NOT_IN_THE_IMAGE.isdisjoint(pins)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash_and_names_no_place(lock: str, repository_root: Path) -> None:
    text = _lock_text(repository_root, lock)
    pinned = re.findall(r"^[\w.-]+==.*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pinned) == len(PIN.findall(text)) > 0
    assert not re.search(r"--(extra-)?index-url|--find-links|://|^-e| @ ", text, re.MULTILINE)


@pytest.mark.parametrize("lock", ["serving", "training", "sbom"])
def test_all_locks_agree_so_that_one_environment_can_hold_them(
    lock: str, repository_root: Path
) -> None:
    assert _pins(repository_root, lock).items() <= _pins(repository_root, "dev").items()


def test_the_locks_fit_what_the_project_asks_for(repository_root: Path) -> None:
    text = (repository_root / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    server = project["dependencies"] + extras["server"]
    asked = {
        "serving": server,
        "training": server + extras["training"],
        "dev": server + extras["training"] + extras["dev"],
    }
    for lock, lines in asked.items():
        pins = _pins(repository_root, lock)
        for requirement in map(Requirement, lines):
            if requirement.name == project["name"]:
                continue
            pin = pins.get(canonicalize_name(requirement.name))
            assert pin, f"requirements-{lock}.lock lacks {requirement}: run make lock"
            assert requirement.specifier.contains(pin), (
                f"requirements-{lock}.lock has {requirement.name} {pin}, "
                f"asked for is {requirement}: run make lock"
            )


def _lock_text(root: Path, lock: str) -> str:
    return (root / f"requirements-{lock}.lock").read_text(encoding="utf-8")


def _pins(root: Path, lock: str) -> dict[str, str]:
    """Return the version pinned in a lock, by canonical distribution name."""
    found = PIN.findall(_lock_text(root, lock))
    assert len(found) == len(dict(found)), "a distribution is pinned twice"
    return {canonicalize_name(name): version for name, version in found}
