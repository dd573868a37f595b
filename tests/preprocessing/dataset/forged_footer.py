"""Change what the footer of a Parquet file says of its pages."""

from pathlib import Path

# The length of a footer, and the word after it.
END_BYTES = 8


def forge(path: Path, said: int, *, instead: int) -> None:
    """Let the footer of a file say one number in place of another, which is no smaller."""
    data = path.read_bytes()
    start = len(data) - END_BYTES - int.from_bytes(data[-END_BYTES:-4], "little")
    number = _number(said)
    assert number in data[start:]
    other = _number(instead, length=len(number))
    path.write_bytes(data[:start] + data[start:].replace(number, other))


def _number(value: int, *, length: int = 0) -> bytes:
    """Write a number in Thrift's compact protocol, in so many bytes at least."""
    left, written = 2 * value, b""
    while left > 0x7F or len(written) + 1 < length:
        written += bytes([left & 0x7F | 0x80])
        left >>= 7
    return written + bytes([left])
