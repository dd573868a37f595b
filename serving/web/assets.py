"""Static files: compressed for clients that accept it, and cached by browsers for a year."""

import functools
import gzip
import hashlib
import mimetypes
import threading
from pathlib import Path

from flask import Blueprint, Response, abort, request, url_for

# The worker alone compiles WebAssembly. It reaches this server only, for its own files.
WORKER = "device/worker.js"
WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
PACKED = ".gz"
ONE_YEAR_S = 31_536_000
ONE_DAY_S = 86_400
_FOLDER = Path(__file__).parents[1] / "static"

_unpacking = threading.Lock()

routes = Blueprint("assets", __name__)


@routes.get("/static/<version>/<path:name>")
def send_asset(version: str, name: str) -> Response:
    """Send a static file.

    The version is in the path, so that what a script imports from beside it has it too. Another
    version than this server's is asked for while a new one is rolled out; it must not be kept.
    """
    files = _read_files()
    if name not in files and name + PACKED not in files:
        abort(404)
    response = Response(mimetype=mimetypes.guess_type(name)[0] or "application/octet-stream")
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") > 0:
        response.data = _compressed(name)
        response.content_encoding = "gzip"
    else:
        with _unpacking:  # or many that ask at once each get one of their own
            response.data = _plain(name)
    if name == WORKER:
        response.headers["Content-Security-Policy"] = WORKER_POLICY
    return keep_for_good(response) if version == assets_version() else response


def keep_for_good(response: Response) -> Response:
    """Let clients and proxies keep a response whose address changes when it does."""
    response.cache_control.public = True
    response.cache_control.immutable = True
    response.cache_control.max_age = ONE_YEAR_S
    return response


def keep_while_unchanged(response: Response) -> Response:
    """Let a client keep a response, and ask each time whether it is still the same."""
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@routes.get("/robots.txt")
@routes.get("/favicon.ico")
@routes.get("/apple-touch-icon.png")
def send_known_name() -> Response:
    """Send a file that browsers and search engines ask for by a name of their own."""
    name = request.path.removeprefix("/")
    response = Response(_read_files()[name], mimetype=mimetypes.guess_type(name)[0])
    response.cache_control.public = True
    response.cache_control.max_age = ONE_DAY_S
    return response


@routes.app_template_global("asset_url")
def asset_url(name: str) -> str:
    """Return the address of a static file; it changes when any of them does."""
    return url_for("assets.send_asset", version=assets_version(), name=name)


def asset_urls(*, but: tuple[str, ...]) -> list[str]:
    """Return the addresses of all static files whose names begin with none of these."""
    names = (name.removesuffix(PACKED) for name in _read_files())
    return [asset_url(name) for name in names if not name.startswith(but)]


@functools.cache
def _read_files() -> dict[str, bytes]:
    paths = sorted(path for path in _FOLDER.rglob("*") if path.is_file())
    return {path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in paths}


@functools.cache
def _compressed(name: str) -> bytes:
    """Return a file compressed; large ones are stored compressed."""
    files = _read_files()
    return files.get(name + PACKED) or gzip.compress(files[name], mtime=0)


# Many clients that take it slowly share it.
@functools.cache
def _plain(name: str) -> bytes:
    """Return a file uncompressed."""
    files = _read_files()
    return files[name] if name in files else gzip.decompress(files[name + PACKED])


@routes.app_template_global("assets_version")
@functools.cache
def assets_version() -> str:
    """Return a digest of all static files, 12 hex digits."""
    digest = hashlib.sha256()
    for name, content in _read_files().items():
        digest.update(name.encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()[:12]
