"""The container and its host's configuration say the same as the code."""

import json
import re
import runpy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from preprocessing.runtime.processes import ALLOCATION
from serving.cli.doctor import needed_mb
from serving.web import start
from serving.web.app import create_app
from serving.web.environment import read_settings
from serving.web.settings import Settings
from tests.bench import scale

PORT = Settings.model_fields["port"].default
# What App Engine's flexible environment knows, by its reference of app.yaml and Google's own reader
# of it (appinfo.py of the App Engine SDK).
CHECK_KEYS = {"path", "check_interval_sec", "timeout_sec", "failure_threshold", "success_threshold"}
APP_YAML_KEYS = {
    "": {
        "automatic_scaling", "beta_settings", "build_env_variables", "entrypoint", "env",
        "env_variables", "liveness_check", "manual_scaling", "network", "readiness_check",
        "resources", "runtime", "runtime_config", "service", "service_account", "skip_files",
        "vpc_access_connector", "zones",
    },
    "resources": {"cpu", "memory_gb", "disk_size_gb", "volumes"},
    "automatic_scaling": {
        "min_num_instances", "max_num_instances", "cool_down_period_sec", "cpu_utilization",
        "target_concurrent_requests",
    },
    "automatic_scaling.cpu_utilization": {"target_utilization", "aggregation_window_length_sec"},
    "liveness_check": CHECK_KEYS | {"initial_delay_sec"},
    "readiness_check": CHECK_KEYS | {"app_start_timeout_sec"},
}  # fmt: skip
# Google's front end refuses larger requests.
LARGEST_REQUEST_BYTES = 32_000_000
# Cloud Run kills what still runs so long after SIGTERM.
CLOUD_RUN_ENDS_S = 10


@pytest.fixture(scope="module")
def app_yaml(repository_root: Path) -> dict[str, Any]:
    loaded = yaml.safe_load((repository_root / "app.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def dockerfile(repository_root: Path) -> str:
    return (repository_root / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("check", "path"), [("liveness_check", "/livez"), ("readiness_check", "/readyz")]
)
def test_the_host_asks_paths_that_the_app_answers(
    check: str, path: str, app_yaml: dict[str, Any]
) -> None:
    assert app_yaml[check]["path"] == path
    assert create_app().test_client().get(path).status_code == 200


def test_the_image_s_health_check_asks_a_path_that_the_app_answers(dockerfile: str) -> None:
    assert "/livez" in " ".join(health_check(dockerfile))


def test_the_image_s_health_check_asks_no_proxy(
    dockerfile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Live(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with HTTPServer(("127.0.0.1", 0), Live) as server:
        server.timeout = 5
        monkeypatch.setenv("PORT", str(server.server_port))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(server.handle_request)
            subprocess.run([sys.executable, *health_check(dockerfile)[1:]], check=True)


def test_app_engine_builds_the_dockerfile(app_yaml: dict[str, Any]) -> None:
    assert (app_yaml["runtime"], app_yaml["env"]) == ("custom", "flex")
    assert app_yaml["automatic_scaling"]["max_num_instances"] <= 10


def test_app_engine_knows_every_key(app_yaml: dict[str, Any]) -> None:
    def check(section: str, found: dict[str, Any]) -> None:
        assert set(found) <= APP_YAML_KEYS[section], section
        for key, value in found.items():
            if isinstance(value, dict) and key != "env_variables":
                check(f"{section}.{key}".removeprefix("."), value)

    check("", app_yaml)


def test_app_engine_starts_another_instance_before_one_rejects_requests(
    app_yaml: dict[str, Any],
) -> None:
    scaling, resources = app_yaml["automatic_scaling"], app_yaml["resources"]
    places = resources["cpu"] * Settings().parallel_requests
    assert 1 < scaling["target_concurrent_requests"] < places
    # What tests/bench/scale.py reckons with.
    assert resources["cpu"] == scale.WORKERS
    assert resources["memory_gb"] == scale.MEMORY_GB
    assert scaling["cpu_utilization"]["target_utilization"] == scale.UTILISATION


def test_app_engine_s_settings_are_ours_and_fit_its_resources(
    app_yaml: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in app_yaml["env_variables"].items():
        assert isinstance(value, str), f"{name}: App Engine takes strings only"
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert settings.workers == app_yaml["resources"]["cpu"]
    assert app_yaml["resources"]["memory_gb"] * 1000 >= needed_mb(settings)
    assert settings.max_upload_bytes < LARGEST_REQUEST_BYTES
    assert settings.pictures_per_minute
    assert settings.trusted_proxies


def test_cloud_run_s_settings_are_ours_and_fit_its_resources(
    repository_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (repository_root / "serving" / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^gcloud run deploy (?:.*\\\n)*.*", readme, re.MULTILINE)
    flags = dict(re.findall(r"--([a-z-]+) ([^-\s]\S*)", command))
    for variable in flags["set-env-vars"].split(","):
        monkeypatch.setenv(*variable.split("=", 1))
    settings = read_settings()
    assert int(flags["cpu"]) == settings.workers
    assert int(flags["concurrency"]) == settings.workers * settings.parallel_requests
    assert int(flags["memory"].removesuffix("Gi")) * 1024 >= needed_mb(settings)
    assert int(flags["port"]) == settings.port
    graceful_s = _gunicorn_config(repository_root)["graceful_timeout"]
    assert settings.time_limit_s < graceful_s < CLOUD_RUN_ENDS_S
    assert int(flags["timeout"]) > graceful_s
    assert settings.trusted_proxies
    assert settings.pictures_per_minute
    assert settings.google_cloud_project


def test_the_image_names_the_list_of_what_it_holds(dockerfile: str) -> None:
    (path,) = re.findall(r'mien\.sbom="/app/([^"]+)"', dockerfile)
    assert re.search(rf"^COPY --from=sbom /src/{path} {path}$", dockerfile, re.MULTILINE)
    assert f">{path}" in dockerfile


def test_the_image_listens_on_the_port_that_app_engine_calls(dockerfile: str) -> None:
    assert re.search(rf"\bPORT={PORT}$", dockerfile, re.MULTILINE)
    assert re.search(rf"^EXPOSE {PORT}$", dockerfile, re.MULTILINE)


@pytest.mark.parametrize("port", [None, "9000"])
def test_gunicorn_listens_on_the_port_it_is_told(
    port: str | None, repository_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if port is None:
        monkeypatch.delenv("PORT", raising=False)
    else:
        monkeypatch.setenv("PORT", port)
    assert _gunicorn_config(repository_root)["bind"] == f"0.0.0.0:{port or PORT}"


def test_gunicorn_ends_a_worker_no_sooner_than_its_requests(repository_root: Path) -> None:
    config = _gunicorn_config(repository_root)
    assert config["graceful_timeout"] > Settings().time_limit_s
    assert config["threads"] > Settings().parallel_requests


def test_gunicorn_opens_no_control_socket(repository_root: Path) -> None:
    # It would write to the user's home, of which the image has none.
    assert _gunicorn_config(repository_root)["control_socket_disable"] is True


def test_the_image_starts_what_is_there(dockerfile: str, repository_root: Path) -> None:
    command = dockerfile.rpartition("\nCMD ")[2]
    assert "serving.web.start" in command
    assert repository_root / "serving" / "gunicorn.conf.py" == start.CONFIGURATION
    assert start.CONFIGURATION.is_file()
    assert start.APPLICATION == "serving.web.app:create_app()"


def test_the_image_holds_only_what_serves_and_runs_without_root(dockerfile: str) -> None:
    final_stage = dockerfile.rpartition("\nFROM ")[2]
    copied = re.findall(r"^COPY (?!--from)(\S+)", final_stage, re.MULTILINE)
    assert set(copied) == {"LICENSE", "preprocessing", "serving"}
    (user,) = re.findall(r"^USER (\S+)$", final_stage, re.MULTILINE)
    assert user not in ("root", "0")


def test_packages_may_lack_what_the_image_leaves_out(dockerfile: str, tmp_path: Path) -> None:
    (command,) = re.findall(r"^ +(rm (?:.*\\\n)+.*)$", dockerfile, re.MULTILINE)
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)


def test_the_user_may_read_what_only_its_owner_might(dockerfile: str, tmp_path: Path) -> None:
    (command,) = re.findall(r"^ *(find \. !.*)$", dockerfile, re.MULTILINE)
    (tmp_path / "package").mkdir(mode=0o700)
    module = tmp_path / "package" / "module.py"
    module.touch(mode=0o600)
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)
    assert module.parent.stat().st_mode & 0o777 == 0o755
    assert module.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("file", ["Dockerfile", "Makefile"])
def test_the_server_is_told_how_to_hand_out_memory(repository_root: Path, file: str) -> None:
    text = (repository_root / file).read_text(encoding="utf-8")
    name, value = ALLOCATION
    assert re.search(rf"^(ENV|serve .*: export) {name} ?\??= ?{re.escape(value)}\b", text, re.M)


def health_check(dockerfile: str) -> list[str]:
    """Return the command by which Docker asks whether a container is well."""
    (command,) = re.findall(r"^HEALTHCHECK .*\\\n *CMD (\[.*\])$", dockerfile, re.MULTILINE)
    words: list[str] = json.loads(command)
    return words


def _gunicorn_config(root: Path) -> dict[str, Any]:
    return runpy.run_path(str(root / "serving" / "gunicorn.conf.py"))
