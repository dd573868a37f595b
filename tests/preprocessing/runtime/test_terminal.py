from unittest import mock

import pytest

from preprocessing.runtime.terminal import quoted


@pytest.mark.parametrize(
    ("text", "elsewhere", "on_windows"),
    [
        ("happy,sad=1.+-", "happy,sad=1.+-", "happy,sad=1.+-"),
        ("my run", "'my run'", '"my run"'),
        (r"C:\run", r"'C:\run'", r'"C:\run"'),
        ("it's", """'it'"'"'s'""", '"it\'s"'),
    ],
)
def test_a_text_is_one_argument_in_the_shells_of_each_system(
    text: str, elsewhere: str, on_windows: str
) -> None:
    for system, expected in (("posix", elsewhere), ("nt", on_windows)):
        with mock.patch("preprocessing.runtime.terminal.os.name", system):
            assert quoted(text) == expected
