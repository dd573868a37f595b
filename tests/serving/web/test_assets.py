import gzip

import pytest
from flask import Flask
from flask.testing import FlaskClient

from serving.web.assets import ONE_YEAR_S, asset_url
from serving.web.device import RUNTIME_FILE

PLOTLY = "vendor/plotly-basic-4.1.1.min.js"


@pytest.fixture
def address(app: Flask) -> str:
    with app.test_request_context():
        return asset_url(PLOTLY)


def test_a_file_may_be_kept_for_good_under_its_version(client: FlaskClient, address: str) -> None:
    caching = client.get(address).cache_control
    assert (caching.max_age, caching.immutable) == (ONE_YEAR_S, True)


def test_under_another_version_a_file_is_sent_but_not_kept(client: FlaskClient) -> None:
    answer = client.get(f"/static/other/{PLOTLY}")
    assert answer.status_code == 200
    assert answer.cache_control.no_store


def test_a_file_is_compressed_for_clients_that_accept_it(client: FlaskClient, address: str) -> None:
    plain = client.get(address, headers={"Accept-Encoding": "gzip;q=0"})
    packed = client.get(address, headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < 0.4 * len(plain.data)
    assert "Accept-Encoding" in packed.vary
    assert plain.mimetype == packed.mimetype == "text/javascript"


def test_clients_that_take_a_large_file_share_it(client: FlaskClient) -> None:
    path = f"/static/any/{RUNTIME_FILE.parent.name}/{RUNTIME_FILE.stem}"
    one, other = (client.get(path, buffered=False).response for _ in range(2))
    assert next(iter(one)) is next(iter(other))


@pytest.mark.parametrize("name", ["nothing.js", "../app.py", "..%2fapp.py", "vendor"])
def test_nothing_but_the_files_is_sent(name: str, client: FlaskClient) -> None:
    assert client.get(f"/static/any/{name}").status_code == 404
