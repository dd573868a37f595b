import os
import re
import subprocess
import sys
from errno import EBUSY
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from preprocessing.runtime.files import (
    open_to_read,
    read_at_most,
    replacing,
    what_is_missing,
    write_whole,
)


def test_a_file_is_as_it_was_until_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    write_whole(path, "before\n")
    with replacing(path) as unfinished:
        unfinished.write_text("after\n", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "before\n"
        assert (unfinished.parent, unfinished.suffix) == (path.parent, path.suffix)
    assert path.read_text(encoding="utf-8") == "after\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a" * 251 + ".csv", "ü" * 123 + ".csv", "a" * 247])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for content in ("before\n", b"after\n"):
        write_whole(path, content)
    assert path.read_text(encoding="utf-8") == "after\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_leaves_the_file_as_it_was_and_nothing_beside_it(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "figures.json"
    write_whole(path, "before\n")

    def write_half() -> None:
        with replacing(path) as unfinished:
            unfinished.write_text("half", encoding="utf-8")
            raise error

    with pytest.raises(type(error)) as raised:
        write_half()
    assert getattr(raised.value, "filename", str(path)) == str(path)
    assert path.read_bytes() == b"before\n"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_overwritten_and_no_file_of_a_like_name(
    tmp_path: Path,
) -> None:
    path, other = tmp_path / "figures.json", tmp_path / "partial-figures.json"
    other.touch()
    (tmp_path / "mien-partial-figures.json").write_text("much that was never finished")
    write_whole(path, "Größe\n")
    assert path.read_bytes() == "Größe\n".encode()
    assert sorted(tmp_path.iterdir()) == [path, other]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_a_private_file_stays_private_and_a_link_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "figures.json", tmp_path / "latest.json"
    path.touch(mode=0o600)
    link.symlink_to(path.name)
    write_whole(link, "after\n")
    assert path.read_text(encoding="utf-8") == "after\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert link.is_symlink()


@pytest.mark.parametrize(
    ("owner", "name", "refusal"),
    [(os, "access", {"return_value": False}), (Path, "replace", {"side_effect": OSError(EBUSY)})],
    ids=["its folder may not be written to", "it is mounted alone"],
)
def test_a_file_that_cannot_be_replaced_is_written_to_where_it_is(
    tmp_path: Path, owner: Any, name: str, refusal: dict[str, Any]
) -> None:
    path = tmp_path / "figures.json"
    path.write_bytes(b"much that was there before\n")
    before = path.stat().st_ino
    with mock.patch.object(owner, name, **refusal):
        write_whole(path, "after\n")
    assert (path.read_bytes(), path.stat().st_ino) == (b"after\n", before)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid(), reason="only root may give files away"
)
def test_a_file_that_is_replaced_stays_that_of_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.touch(mode=0o640)
    os.chown(path, 1234, 5678)
    write_whole(path, "after\n")
    there = path.stat()
    assert (there.st_uid, there.st_gid, there.st_mode & 0o777) == (1234, 5678, 0o640)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, "after\n")
        assert os.read(reader, 100) == b"after\n"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("photo.jpg", "photo.jpg does not exist"),
        ("-", "Standard input is not read"),
        ("https://example.org/a.zip", "^https://example.org/a.zip is an address, .* Download it"),
    ],
)
def test_what_is_not_there_is_told_of(typed: str, told: str) -> None:
    assert re.search(told, what_is_missing(Path(typed)))


@pytest.mark.timeout(20)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("content", [b"", b"now"])
def test_a_file_that_gives_bytes_as_they_come_is_not_waited_for(
    content: bytes, tmp_path: Path
) -> None:
    """As /proc/kmsg does, for which a pipe stands here."""
    path = tmp_path / "a.jpg"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    os.write(writer, content)
    with (
        mock.patch("preprocessing.runtime.files.stat.S_ISREG", return_value=True),
        open_to_read(path) as file,
    ):
        assert read_at_most(file, 1_000) == content
    os.close(writer)


_LEND = """
import fcntl, os, signal, sys
file = os.open(sys.argv[1], os.O_RDWR)
signal.signal(signal.SIGIO, lambda *_: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK))
try:
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
except OSError as error:
    sys.exit(str(error))
print("lent", flush=True)
sys.stdin.read()
"""


@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lends files")
def test_a_file_that_a_server_has_lent_is_given_back_first(tmp_path: Path) -> None:
    """As Samba and NFS lend those that their clients have opened."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"a picture")
    command = [sys.executable, "-c", _LEND, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        if server.stdout.readline() != b"lent\n":
            pytest.skip("files are not lent here")
        with open_to_read(path) as file:
            assert read_at_most(file, 100) == b"a picture"
        server.stdin.close()
