"""Whom the fetcher believes over TLS."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from serving.web.problems import FetchError
from tests.serving.web.fetch.fetching import (
    ALLOWED,
    HEAD,
    LATE_S,
    NAME,
    PICTURE,
    SOON_S,
    drip,
    make_fetcher,
)
from tests.tools.picture_server import ok, picture_server


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_certificate_is_checked_for_the_name_and_not_for_the_ip_address(
    authority: trustme.CA,
    resolve: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    names = list[str | None]()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _, name, __: names.append(name)
    authority.issue_cert(NAME).configure_cert(context)
    with picture_server(lambda _: [ok(PICTURE)], tls=context) as server:
        resolve([ALLOWED], [ALLOWED])
        fetcher = make_fetcher()
        until_s = time.monotonic() + LATE_S
        url = f"https://{NAME}:{server.port}/"
        assert fetcher.fetch(url, until_s=until_s) == PICTURE
        assert names == [NAME]
        assert f"Host: {NAME}:{server.port}\r\n".encode() in server.heads[0]
        for other in ("another.example", ALLOWED):
            with pytest.raises(FetchError):
                fetcher.fetch(url.replace(NAME, other), until_s=until_s)
        # Without the authority nothing is believed.
        monkeypatch.delenv("SSL_CERT_FILE")
        resolve([ALLOWED])
        with pytest.raises(FetchError):
            make_fetcher().fetch(url, until_s=until_s)
        assert len(server.heads) == 1


def test_a_slow_picture_over_tls_is_given_up_too(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(ALLOWED).configure_cert(context)
    with picture_server(drip(HEAD + b"\r\n"), tls=context) as server:
        fetcher = make_fetcher()
        with pytest.raises(FetchError):
            fetcher.fetch(f"https://{ALLOWED}:{server.port}/", until_s=time.monotonic() + SOON_S)
