import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.inference.options import MAX_URL_CHARACTERS
from serving.web.fetch.address import WebAddress, follow, parse_address
from serving.web.problems import InvalidRequestError

PORTS = (80, 443)
EXAMPLE = WebAddress("https", "example.org", 443, "/a/b.jpg?c=d")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/a/b.jpg?c=d", EXAMPLE),
        ("HTTPS://EXAMPLE.org.:443/a/b.jpg?c=d#part", EXAMPLE),
        ("http://example.org", WebAddress("http", "example.org", 80, "/")),
        ("http://example.org?q", WebAddress("http", "example.org", 80, "/?q")),
        ("http://example.org:443/", WebAddress("http", "example.org", 443, "/")),
        ("http://1.2.3.4/", WebAddress("http", "1.2.3.4", 80, "/")),
        ("http://1.2.3.4./", WebAddress("http", "1.2.3.4", 80, "/")),
        ("http://[2A00:0:0::1]/", WebAddress("http", "2a00::1", 80, "/")),
        ("http://xn--mnchen-3ya.example/", WebAddress("http", "xn--mnchen-3ya.example", 80, "/")),
        ("http://a_b.example/@:%2e", WebAddress("http", "a_b.example", 80, "/@:%2e")),
    ],
)
def test_an_address_is_read(text: str, expected: WebAddress) -> None:
    assert parse_address(text, ports=PORTS) == expected
    assert parse_address(str(expected), ports=PORTS) == expected


@pytest.mark.parametrize(
    "text",
    [
        # An IPv4 address in other words.
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://127.1/",
        "http://127.0.1/", "http://0177.0.0.1/", "http://017700000001/", "http://0x7f.0x0.0x0.0x1/",
        "http://127.0.0.01/", "http://127.0.0.1.2/", "http://127.0.0.256/", "http://0/",
        "http://0x/", "http://a.0x1/", "http://1e3.5/", "http://127.0.0.1../",
        # An IPv6 address in other words.
        "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[::1", "http://::1/",
        "http://[127.0.0.1]/", "http://[::1]a/", "http://[]/", "http://[v1.a]/",
        # Credentials.
        "http://user@example.org/", "http://user:pass@example.org/", "http://@example.org/",
        "http://example.org@127.0.0.1/", "http://example.org:80@127.0.0.1/",
        # What programs read in different ways.
        "http://example.org\\@127.0.0.1/", "http:\\\\example.org/", "http://example.org\\a",
        "http:example.org", "http:/example.org", "http:///example.org", "//example.org/",
        "http://exam\tple.org/", "http://example.org/\n", "\nhttp://example.org/",
        " http://example.org/", "http://example.org/ ", "http://example.org/a b",
        "http://example.org/\r\nHost: a", "http://example.org/\x00", "http://example.org/\x7f",
        "http://%31%32%37.0.0.1/", "http://example%2eorg/", "http://a&b/", "http://a;b/",
        "http://example.org#@127.0.0.1 /",
        # Letters and digits beyond ASCII, and what looks like a letter of `https`.
        "http://münchen.example/", "http://\uff11\uff12\uff17.0.0.1/", "http://127\u30020.0.1/",
        "http://\u2460\u2461\u2466.0.0.1/", "http://example.org/ü", "http\u017f://example.org/",
        "http://example.org:\uff18\uff10/", "http://\ud800/", "http://e\u200bxample.org/",
        # Other kinds.
        "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "data:image/png,a",
        "javascript:1", "jar:http://example.org/", "dict://example.org/", "ws://example.org/",
        # Ports.
        "http://example.org:/", "http://example.org:22/", "http://example.org:0/",
        "http://example.org:65616/", "http://example.org:+80/", "http://example.org:80:80/",
        "http://example.org:8 0/", "http://example.org:000080/",
        # Hosts.
        "http://", "http:///", "http://./", "http://../", "http://a..b/", "http://.a/",
        "http://" + "a" * 64 + ".example/", "http://" + "a." * 127 + "aa/",
        "http://example.org/" + "a" * MAX_URL_CHARACTERS, "",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="image_url") as raised:
        parse_address(text, ports=PORTS)
    assert "127.0.0.1" not in str(raised.value)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/c", "https://example.org:443/c"),
        ("c?d", "https://example.org:443/a/c?d"),
        ("//other.example/c", "https://other.example:443/c"),
        ("http://other.example/c", "http://other.example:80/c"),
    ],
)
def test_a_redirect_is_followed(location: str, expected: str) -> None:
    assert str(follow(EXAMPLE, location, ports=PORTS)) == expected


@pytest.mark.parametrize(
    "location",
    ["ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "http://a:b@c/",
     "http://[::1", "http://127.1/", "/ü", "//example.org:22/", "http:\\\\127.0.0.1\\"],
)  # fmt: skip
def test_a_redirect_to_no_address_is_refused(location: str) -> None:
    with pytest.raises((InvalidRequestError, ValueError)):
        follow(EXAMPLE, location, ports=PORTS)


@given(text=st.text() | st.from_regex(r"https?://[^\s]{1,30}"))
def test_whatever_is_read_can_be_sent_as_a_request(text: str) -> None:
    try:
        address = parse_address(text, ports=PORTS)
    except InvalidRequestError:
        return
    sent = f"{address.host}{address.target}"
    assert sent.isascii()
    assert sent.isprintable()
    assert not set(sent) & set(" \\")
    assert parse_address(str(address), ports=PORTS) == address
