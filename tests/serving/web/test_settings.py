import pytest
from pydantic import ValidationError

from serving.__main__ import main
from serving.web.environment import SettingsError, list_settings, read_settings
from serving.web.settings import Settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_PARALLEL_REQUESTS", "7")
    monkeypatch.setenv("PORT", "9000")
    assert (read_settings().parallel_requests, read_settings().port) == (7, 9000)
    monkeypatch.setenv("MIEN_PARALLEL_REQUESTS", "")
    assert read_settings().parallel_requests == 3


def test_an_address_is_limited_unless_set_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().pictures_per_minute > 0
    monkeypatch.setenv("MIEN_PICTURES_PER_MINUTE", "0")
    assert read_settings().pictures_per_minute == 0


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MIEN_PARALLEL_REQUESTS", "0"),
        ("MIEN_TIME_LIMIT_S", "soon"),
        ("MIEN_MAX_PIXELS", "60000000"),
        ("MIEN_LOG_LEVEL", "loud"),
        ("MIEN_FETCH_PICTURES", "sometimes"),
        ("MIEN_FETCH_PORTS", "80,http"),
        ("MIEN_FETCH_PORTS", "0"),
        ("MIEN_LANDMARKS", "six"),
        ("MIEN_FETCH_NETWORKS", "10.0.0.1/8"),
        ("MIEN_FETCH_NETWORKS", "localhost"),
        ("PORT", "65536"),
        ("WEB_CONCURRENCY", "2.5"),
    ],
)
def test_a_value_that_cannot_be_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"^{variable} cannot be '{value}'"):
        read_settings()


@pytest.mark.parametrize(
    ("variable", "secret"),
    [
        ("MIEN_FEEDBACK_DATABASE", "mysql://user:secret@host/name"),
        ("MIEN_FEEDBACK_DATABASE", "postgresql://user:sec@ret@host/name"),
        ("MIEN_FEEDBACK_DATABASE", "postgresql://user:sec@ret:5@host/name"),
        ("MIEN_FEEDBACK_DATABASE", "postgresql://user:secret@host:port/name"),
        ("MIEN_FEEDBACK_DATABASE", "postgresql://user:secret@[::1/name"),
        ("MIEN_FEEDBACK_TOKEN", "secret"),
    ],
)
def test_a_secret_that_cannot_be_is_not_repeated(
    variable: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, secret)
    with pytest.raises(SettingsError, match=f"^{variable} cannot be what was set") as caught:
        read_settings()
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgres://user:sec%40ret/+=:1@host:5432/name?sslmode=require",
        "postgresql://user:secret@[::1]:5432/name",
        "postgresql://user:secret@/name?host=/cloudsql/project:region:instance",
        "postgresql:///name",
    ],
)
def test_the_address_of_a_server_may_have_what_such_addresses_have(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_FEEDBACK_DATABASE", address)
    assert read_settings().feedback_leaves_traces


def test_config_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIEN_FEEDBACK_DATABASE", "postgresql://user:secret@host/name")
    monkeypatch.setenv("MIEN_FEEDBACK_TOKEN", 3 * "a secret")
    assert main(["config"]) == 0
    shown = capsys.readouterr().out
    assert "MIEN_FEEDBACK_TOKEN=***" in shown
    assert "secret" not in shown


def test_an_unknown_setting_is_an_error_that_lists_the_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIEN_MAX_PIXEL", "1")
    with pytest.raises(SettingsError, match=r"MIEN_MAX_PIXEL is no setting.*MIEN_MAX_PIXELS"):
        read_settings()


def test_config_lists_every_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIEN_PICTURES_PER_MINUTE", "60")
    assert main(["config"]) == 0
    text = capsys.readouterr().out
    assert "MIEN_PICTURES_PER_MINUTE=60\n" in text
    lines = list(list_settings(read_settings()))
    assert all(line.meaning and f"{line.variable}=" in text for line in lines)
    assert len(lines) == len(Settings.model_fields)
