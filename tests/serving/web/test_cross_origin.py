"""Scripts of other sites may use the API where a setting names them, and nothing else."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from serving.web.app import create_app
from serving.web.settings import Settings

SITE, OTHER = "https://example.org", "https://example.org.example.com"
PREDICT = "/api/v1/predict"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture(scope="module")
def named() -> Flask:
    return create_app(Settings(cors_origins=f"{SITE}, http://localhost:3000"))


@pytest.fixture
def client(named: Flask) -> FlaskClient:
    return named.test_client()


@pytest.mark.parametrize("origin", [SITE, "http://localhost:3000"])
def test_a_site_that_is_named_may_ask_and_read_answers_and_problems(
    origin: str, client: FlaskClient, photo: bytes
) -> None:
    asks = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    before = client.options(PREDICT, headers=asks)
    assert before.status_code == 200
    assert before.headers[ALLOWED] == origin
    assert "POST" in before.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in before.headers["Access-Control-Allow-Headers"]
    for data, status in ((photo, 200), (b"none", 415)):
        answer = client.post(PREDICT, data=data, headers={"Origin": origin})
        assert answer.status_code == status
        assert answer.headers[ALLOWED] == origin
        # Or a cache would give one site's answer to another.
        assert "Origin" in answer.headers["Vary"]
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_site_may_be_named_otherwise_than_browsers_write_it() -> None:
    settings = Settings(
        cors_origins="HTTPS://Example.org:443 http://A:80 http://a:443 http://[::1]"
    )
    assert settings.origins == (SITE, "http://a", "http://a:443", "http://[::1]")


@pytest.mark.parametrize("headers", [{"Origin": OTHER}, {"Origin": "null"}, {}])
def test_another_site_may_not(headers: dict[str, str], client: FlaskClient) -> None:
    answer = client.get("/api/v1/model", headers=headers)
    assert ALLOWED not in answer.headers
    assert "Origin" in answer.headers["Vary"]


def test_the_pages_stay_the_site_s_own(client: FlaskClient) -> None:
    for path in ("/", "/model", "/livez"):
        assert ALLOWED not in client.get(path, headers={"Origin": SITE}).headers


def test_any_site_may_ask_only_where_that_is_set(app: Flask) -> None:
    model, headers = "/api/v1/model", {"Origin": OTHER}
    answer = create_app(Settings(cors_origins="*")).test_client().get(model, headers=headers)
    assert answer.headers[ALLOWED] == "*"
    assert ALLOWED not in app.test_client().get(model, headers=headers).headers
