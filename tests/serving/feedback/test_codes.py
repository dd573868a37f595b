import re

import pytest

from serving.feedback.codes import CODE_BYTES, hash_code, new_code


def test_codes_are_long_and_never_the_same() -> None:
    codes = [new_code() for _ in range(1000)]
    assert len(set(codes)) == len(codes)
    assert 8 * CODE_BYTES >= 128
    assert all(re.fullmatch("([A-Z2-7]{4}-){7}[A-Z2-7]{4}", code) for code in codes)


@pytest.mark.parametrize("change", [str.lower, lambda code: f" {code.replace('-', ' ')}\n"])
def test_how_a_code_is_typed_makes_no_difference(change: object) -> None:
    assert callable(change)
    code = new_code()
    assert hash_code(change(code)) == hash_code(code)


@pytest.mark.parametrize("text", ["", "AAAA", "A" * 33, "1" * 32, "\N{SNOWMAN}" * 32])
def test_what_is_no_code_has_no_hash(text: str) -> None:
    assert hash_code(text) is None
