"""Every command in a README is one that the command lines understand."""

import importlib
import re
import shlex
from pathlib import Path

import pytest

from serving.cli.command import COMMANDS
from tests.tools.command_lines import understood

ROOT = Path(__file__).parents[1]
READMES = ("README.md", *(f"{name}/README.md" for name in ("preprocessing", "training", "serving")))
FENCED = re.compile(r"```\n(.*?)```", re.DOTALL)
# Those that have a command line of their own.
PROGRAMS = re.compile(r"^(?:\w+=\S+ )*(?:python -m (preprocessing|training|serving)|mien) (.*)$")


def commands_of(text: str) -> list[tuple[str, list[str]]]:
    """Find commands in code blocks: the package that has each, and its arguments."""
    found = []
    for block in FENCED.findall(text):
        for line in re.split(r"\n| && ", re.sub(r" \\\n\s*", " ", block)):
            if match := PROGRAMS.match(line.strip()):
                words = shlex.split(match[2], comments=True)
                found.append((match[1] or COMMANDS[words[0]].package, words))
    return found


@pytest.mark.parametrize("readme", READMES)
def test_every_command_of_a_readme_is_understood(readme: str) -> None:
    commands = commands_of((ROOT / readme).read_text("utf-8"))
    assert len(commands) > 1
    for package, words in commands:
        assert understood(importlib.import_module(f"{package}.__main__").main, words) is not None
