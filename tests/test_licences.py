from tests.licences import EXCEPTIONS, LIST, components, render


def test_the_list_of_licences_is_that_of_what_is_installed() -> None:
    assert LIST.read_text(encoding="utf-8") == render(), "run make licences, and read what changed"


def test_every_licence_is_allowed_or_its_exception_has_a_reason() -> None:
    assert {each.name for each in components() if not each.is_allowed} == set(EXCEPTIONS)
