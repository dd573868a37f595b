"""Codes by which people delete what they sent. Only a code's hash is stored."""

import base64
import hashlib
import re
import secrets

# 160 bits, as 32 letters and digits: nobody guesses one, so its hash needs no salt and no delay.
CODE_BYTES = 20
_LETTERS = CODE_BYTES * 8 // 5
_GROUP = 4
_CODE = re.compile(rf"[A-Z2-7]{{{_LETTERS}}}")
# What people type between the groups, and around a code.
_BETWEEN = re.compile(r"[\s\N{EN DASH}\N{NON-BREAKING HYPHEN}.,;-]+")


def new_code() -> str:
    """Draw a code: 32 letters and digits (base32) in groups of four, joined by hyphens."""
    letters = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode("ascii")
    return "-".join(letters[start : start + _GROUP] for start in range(0, _LETTERS, _GROUP))


def hash_code(code: str) -> bytes | None:
    """Return the SHA-256 of a code, 32 bytes; None where the text is no code.

    Upper and lower case, spaces and hyphens make no difference.
    """
    letters = _BETWEEN.sub("", code).upper()
    return hashlib.sha256(letters.encode("ascii")).digest() if _CODE.fullmatch(letters) else None
