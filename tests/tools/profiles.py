"""Write small ICC profiles."""

import itertools
import struct
from collections.abc import Sequence

import numpy as np

# Of Display P3 and Adobe RGB (1998), adapted to D50.
DISPLAY_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_D50 = (0.9642, 1.0, 0.8249)


def rgb_profile(colorants: Sequence[Sequence[float]], curve: bytes) -> bytes:
    """A profile of three colours and a curve."""
    tags = {
        name: b"XYZ \0\0\0\0" + _fixed(*colorant)
        for name, colorant in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)
    }
    return _assemble(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def code_point_profile(primaries: int, transfer: int) -> bytes:
    """One whose code points say otherwise than its colours and curve, as those of PQ and HLG do."""
    points = {b"cicp": b"cicp\0\0\0\0" + bytes((primaries, transfer, 0, 1))}
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma_curve(2.2))
    colorants = zip((b"rXYZ", b"gXYZ", b"bXYZ"), SRGB, strict=True)
    tags = {name: b"XYZ \0\0\0\0" + _fixed(*colorant) for name, colorant in colorants}
    return _assemble(b"RGB ", tags | curves | points)


def adobe_rgb_profile() -> bytes:
    """That of Adobe RGB (1998), which browsers show otherwise than sRGB."""
    return rgb_profile(ADOBE_RGB, gamma_curve(2.2))


def grey_profile(curve: bytes) -> bytes:
    """A profile of a curve."""
    return _assemble(b"GRAY", {b"kTRC": curve})


def ink_profile() -> bytes:
    """A profile of a printer that prints grey whatever ink it is given, and light grey in black."""
    corners = itertools.product((0, 1), repeat=4)
    light = [(1 - (c + m + y) / 3) * (1 - k / 2) for c, m, y, k in corners]
    table = bytes(value for each in light for value in (round(255 * each), 128, 128))
    ramp = bytes(range(256))
    identity = _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lookup = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + ramp * 4 + table + ramp * 3
    return _assemble(b"CMYK", {b"A2B0": lookup}, space_between=b"Lab ")


def gamma_curve(gamma: float) -> bytes:
    """A curve that is an exponent."""
    return b"curv\0\0\0\0" + struct.pack(">LHH", 1, round(gamma * 256), 0)


def table_curve(gamma: float, count: int = 64) -> bytes:
    """The same as a table."""
    values = np.round(np.linspace(0, 1, count) ** gamma * 65535).astype(">u2")
    return b"curv\0\0\0\0" + struct.pack(">L", count) + values.tobytes()


def parametric_curve(kind: int, *numbers: float) -> bytes:
    """A curve by one of the formulas of ICC.1:2010, 10.16."""
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + _fixed(*numbers)


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}l", *(round(number * 65536) for number in numbers))


def _assemble(space: bytes, tags: dict[bytes, bytes], *, space_between: bytes = b"XYZ ") -> bytes:
    description = b"desc\0\0\0\0" + struct.pack(">L", 5) + b"test\0" + bytes(79)
    tags = {
        b"desc": description,
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_D50),
        **tags,
    }
    start = 132 + 12 * len(tags)
    table, body = struct.pack(">L", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">LL", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    head = struct.pack(
        ">L4s4s4s4s4s", start + len(body), b"", b"\2\x40", kind, space, space_between
    )
    return head + bytes(12) + b"acsp" + bytes(28) + _fixed(*_D50) + bytes(48) + table + body
