"""What all command lines share: statuses, one-line errors, and examples in the help."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from preprocessing.errors import MienError
from preprocessing.runtime.cli import FloatRange, OneOf, Program, path_argument, together

ASCII = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
show_names = Program("names")


@show_names.command("list")
def _list() -> None:
    print("表\udcff")


def refuse(text: str) -> str:
    raise MienError(f"cannot read {text}")


@pytest.fixture
def program() -> Program:
    program = Program("program")

    @program.command(epilog="{} 1 --small")
    @click.argument("status", type=int)
    @together(
        click.option("--small", is_flag=True, cls=OneOf, group="size"),
        click.option("--large", is_flag=True, cls=OneOf, group="size"),
    )
    @click.option("--strange", type=refuse)
    @click.option("--number", type=FloatRange(0, min_open=True))
    def end(status: int, **_: object) -> int:
        return status

    @program.command()
    @path_argument("path")
    def show(path: Path) -> None:
        print(path.read_text(encoding="utf-8"))

    return program


@pytest.mark.parametrize("status", [0, 1])
def test_a_command_decides_its_status(program: Program, status: int) -> None:
    assert program(["end", str(status)]) == status


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ([], "Usage: program"),
        (["begin"], "begin"),
        (["shwo"], "'shwo'. Did you mean 'show'?"),
        (["end"], "STATUS"),
        (["end", "0", "--small", "--large"], "--small and --large"),
        (["end", "0", "--large", "--small"], "--small and --large"),
        (["end", "0", "--strange", "word"], "cannot read word"),
        (["end", "0", "--number", "nan"], "nan"),
        (["end", "0", "--number", "inf"], "inf"),
        (["end", "0", "--number", "0"], "0"),
        (["end", "0", "--number", "-7"], "-7"),
    ],
)
def test_wrong_usage_is_2(
    program: Program, wrong: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program(wrong) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err


def test_an_error_is_one_line(
    program: Program, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program(["show", str(tmp_path / "missing")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert "missing" in line


def test_a_package_that_is_missing_is_told_with_what_installs_it(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    group = Program("group")
    program.add_command(group)
    for each in (program, group):

        @each.command()
        def read() -> None:
            raise ModuleNotFoundError(name="no_such_package")

    for words in (["read"], ["group", "read"]):
        assert program(words) == 1
        said = capsys.readouterr().err
        assert f"`program {words[0]}` needs the package no_such_package." in said
        assert "pip install '.[" in said


def test_a_file_whose_name_begins_with_a_dash_is_told_how_to_be_named(
    program: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-text").write_text("text", encoding="utf-8")
    assert program(["show", "-text"]) == 2
    assert "write ./-text" in capsys.readouterr().err
    assert program(["show", "./-text"]) == 0
    assert program(["show", "--", "-text"]) == 0


def test_what_a_terminal_cannot_show_is_written_out() -> None:
    script = "from tests.preprocessing.runtime.test_cli import show_names; show_names(['list'])"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, env=os.environ | ASCII
    )
    assert run.stdout == b"\\u8868\\udcff\n"


def test_no_file_gets_the_number_of_a_standard_stream_that_was_closed() -> None:
    script = (
        "import os, sys; os.close(1); os.close(2); sys.stdout = sys.stderr = None;"
        "from tests.preprocessing.runtime.test_cli import show_names;"
        "status = show_names(['list']) or show_names(['nothing']);"
        "sys.exit(0 if status == 2 and os.open(os.devnull, os.O_RDONLY) > 2 else 1)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_no_error_moves_the_cursor_or_fills_the_screen(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program(["show", "\x1b[2J\n" + "long" * 50_000]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "error: \N{REPLACEMENT CHARACTER}[2J"
    assert second == "long" * 500 + "..."


def test_help_ends_with_an_example(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    assert program(["end", "--help"]) == 0
    assert capsys.readouterr().out.endswith("\nexample: program end 1 --small\n")
    assert program(["end", "-h"]) == 0


def test_a_long_example_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    program = Program("program")
    words = " ".join(f"--option-{number}=value" for number in range(20))
    program.command("end", epilog=f"{{}} {words}")(lambda: 0)
    assert program(["end", "-h"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"example: program end {words}"


def test_a_program_starts_without_what_is_slow_to_import() -> None:
    """Models, tables and networks are imported by the commands that need them."""
    script = (
        "import sys, serving.cli.command, serving.__main__, training.__main__;"
        "print(*sys.modules, sep='\\n')"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    slow = {"keras", "tensorflow", "pyarrow", "cv2", "dlib", "ai_edge_litert", "flask", "av"}
    assert not slow & set(printed.stdout.splitlines())
