"""The settings of a server; `environment` reads them."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from preprocessing.images.types import MAX_PIXELS
from serving.inference.options import MAX_FACES
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from serving.web.slots import most_taken

PREFIX = "MIEN_"
_PATH = re.compile(r"(/[\w.~-]+)*", re.ASCII)
_ORIGIN = re.compile(r"https?://[\w.\[\]:-]+", re.ASCII | re.IGNORECASE)
_WITH_DEFAULT_PORT = re.compile(r"(http://.+):80|(https://.+):443")
# Of a server, an @ that ends no password would make part of the password the host's name.
_SERVER = r"postgres(ql)?://(?=\S)([^@]*@)?(\[[^]@]+\]|[^][:@/?]*)(:\d+)?([/?][^@]*)?"
_DATABASE = re.compile(rf"sqlite:///\S.*|{_SERVER}|(?!.*://).+")
# What a password manager makes; nobody guesses one of these.
LEAST_TOKEN_LETTERS = 24
ANY_ORIGIN = "*"
# Threads of a worker that do not wait for the models: for the page, health checks, rejections.
SPARE_THREADS = 4
# For each prediction that a worker accepts at once. What waits takes little memory, and who asks
# for little is answered first: so a few addresses with costly pictures keep nobody else out.
ADDRESSES = 3


class Settings(BaseSettings):
    """The settings of a server; each says in its description what it means.

    Limits with "worker" in their description hold for each worker process on its own.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    bundle: Annotated[Path, Field(description="folder of the trained model")] = SHIPPED_BUNDLE
    landmarks: Annotated[
        Literal["68", "5", "yunet"] | None,
        Field(
            description="landmarks by which faces are aligned: 68, 5 or yunet (the five points of "
            "the detector); none: those of the model's training"
        ),
    ] = None
    max_upload_bytes: Annotated[
        int, Field(ge=1_000, le=1_000_000_000, description="largest upload, in bytes")
    ] = 10_000_000
    max_batch_bytes: Annotated[
        int, Field(ge=1_000, le=1_000_000_000, description="largest batch, in bytes")
    ] = 32_000_000  # what Google's front ends let through
    max_pixels: Annotated[
        int, Field(ge=1, le=MAX_PIXELS, description="largest picture, in pixels")
    ] = MAX_PIXELS
    max_faces: Annotated[
        int,
        Field(ge=1, le=MAX_FACES, description="largest number of faces classified in a picture"),
    ] = MAX_FACES
    time_limit_s: Annotated[
        float, Field(gt=0, le=600, description="longest wait for an answer, in seconds")
    ] = 20.0
    parallel_requests: Annotated[
        int,
        Field(ge=1, le=100, description="predictions that a worker accepts at once; 503 beyond"),
    ] = 3
    pictures_per_minute: Annotated[
        int,
        Field(
            ge=0,
            description="pictures and heat maps a worker takes from an address; 429 beyond; 0: any",
        ),
    ] = 120  # for a school or an office behind one address
    live_frames_per_minute: Annotated[
        int,
        Field(
            ge=0,
            le=6_000,
            description="frames of the live camera a worker takes from an address, where a person "
            "lets the server read them; 429 beyond; 0: none",
        ),
    ] = 300
    trusted_proxies: Annotated[
        int,
        Field(ge=0, le=10, description="proxies before the server that extend X-Forwarded-For"),
    ] = 0
    path_prefix: Annotated[
        str,
        Field(description="path below which the page and the API are, such as /mien; none: /"),
    ] = ""
    cors_origins: Annotated[
        str,
        Field(
            description="sites whose scripts may use the API, separated by commas; *: any; none: "
            "only this one's"
        ),
    ] = ""
    fetch_pictures: Annotated[
        bool, Field(description="fetch pictures by their addresses: image_url of the API")
    ] = False
    fetch_ports: Annotated[
        str, Field(description="ports that such an address may have, separated by commas")
    ] = "80,443"
    fetch_networks: Annotated[
        str,
        Field(
            description="internal networks to which such an address may lead, such as 10.1.0.0/16, "
            "separated by commas; none: only the public internet"
        ),
    ] = ""
    feedback_database: Annotated[
        SecretStr,
        Field(
            description="where people's feedback is kept: a file of SQLite's, or "
            "postgresql://USER:PASSWORD@HOST/NAME; none: no feedback"
        ),
    ] = SecretStr("")
    feedback_token: Annotated[
        SecretStr,
        Field(description="password of the page that sums up the feedback; none: no such page"),
    ] = SecretStr("")
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="least severity logged")
    ] = "INFO"
    port: Annotated[
        int, Field(ge=1, le=65535, validation_alias="PORT", description="port listened on")
    ] = 8080
    workers: Annotated[
        int,
        Field(
            ge=1,
            le=64,
            validation_alias="WEB_CONCURRENCY",
            description="worker processes, by cores",
        ),
    ] = 2
    google_cloud_project: Annotated[
        str,
        Field(
            validation_alias="GOOGLE_CLOUD_PROJECT",
            description="project whose traces the logs point to",
        ),
    ] = ""

    @field_validator("path_prefix")
    @classmethod
    def _check_path(cls, path: str) -> str:
        path = path.rstrip("/")
        if not _PATH.fullmatch(path):
            raise ValueError("a path such as /mien is expected")
        return path

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, text: str) -> str:
        for origin in _split(text):
            if origin != ANY_ORIGIN and not _ORIGIN.fullmatch(origin):
                raise ValueError("sites such as https://example.org are expected, or *")
        return text

    @field_validator("fetch_ports")
    @classmethod
    def _check_ports(cls, text: str) -> str:
        if not all(each.isdecimal() and 0 < int(each) < 65536 for each in _split(text)):
            raise ValueError("ports such as 80,443 are expected")
        return text

    @field_validator("fetch_networks")
    @classmethod
    def _check_networks(cls, text: str) -> str:
        try:
            for each in _split(text):
                ip_network(each)
        except ValueError:
            raise ValueError("networks such as 10.1.0.0/16 are expected") from None
        return text

    @field_validator("feedback_database")
    @classmethod
    def _check_database(cls, place: SecretStr) -> SecretStr:
        if place and not _DATABASE.fullmatch(place.get_secret_value()):
            raise ValueError(
                "a file's path, sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME is "
                "expected, where an @ in USER or PASSWORD is %40"
            )
        return place

    @field_validator("feedback_token")
    @classmethod
    def _check_token(cls, token: SecretStr) -> SecretStr:
        if token and len(token) < LEAST_TOKEN_LETTERS:
            raise ValueError(f"at least {LEAST_TOKEN_LETTERS} letters are needed")
        return token

    @property
    def has_feedback(self) -> bool:
        """Whether people may say what they think of a prediction."""
        return bool(self.feedback_database)

    @property
    def feedback_leaves_traces(self) -> bool:
        """Whether deleted feedback stays in the files of the database for a while (PostgreSQL)."""
        return self.feedback_database.get_secret_value().startswith("postgres")

    @property
    def origins(self) -> tuple[str, ...]:
        """Sites whose scripts may use the API, as browsers write them (RFC 6454, 6.2)."""
        origins = (each.lower() for each in _split(self.cors_origins))
        bare = ((each, _WITH_DEFAULT_PORT.fullmatch(each)) for each in origins)
        return tuple(found[1] or found[2] if found else each for each, found in bare)

    @property
    def fetched_ports(self) -> frozenset[int]:
        """Ports that the address of a picture may have."""
        return frozenset(map(int, _split(self.fetch_ports)))

    @property
    def fetched_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Internal networks to which the address of a picture may lead."""
        return tuple(map(ip_network, _split(self.fetch_networks)))

    @property
    def parallel_addresses(self) -> int:
        """Addresses of which a worker accepts one prediction each, where all slots are taken."""
        return ADDRESSES * self.parallel_requests

    @property
    def threads(self) -> int:
        """Requests that a worker reads or answers at once, and those that wait for pictures."""
        predicting = most_taken(self.parallel_requests, addresses=self.parallel_addresses)
        fetching = self.parallel_requests if self.fetch_pictures else 0
        return predicting + fetching + SPARE_THREADS


def _split(text: str) -> tuple[str, ...]:
    """Split what is separated by commas or spaces."""
    return tuple(text.replace(",", " ").split())
