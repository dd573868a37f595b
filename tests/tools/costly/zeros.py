"""Packed zeros, as many as there shall be, without packing them all."""

import zlib

BLOCK_BYTES = 1_000_000
_ADLER_MODULUS = 65_521


def packed_zeros(length: int) -> bytes:
    """Return zeros in zlib's format, a thousandth as long as they are.

    A block of them is packed once and repeated: each ends with a full flush, after which nothing
    refers to what came before.

    Args:
        length: Number of zeros, in bytes.
    """
    blocks, rest = divmod(length, BLOCK_BYTES)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(bytes(BLOCK_BYTES)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(bytes(rest)) + packer.flush()
    checksum = length % _ADLER_MODULUS << 16 | 1  # Adler-32 of zeros
    return b"\x78\xda" + block * blocks + end + checksum.to_bytes(4, "big")
