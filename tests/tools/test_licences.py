import hashlib
import json
from typing import Any

import pytest
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

from preprocessing.bundle.spec import MODEL_NAME
from preprocessing.faces.model_files import (
    CNN_DETECTOR_FILE,
    LANDMARKS_5_FILE,
    LANDMARKS_68_FILE,
    YUNET_FILE,
)
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from tests.tools.licences import EXCEPTIONS, LIST, LOCK, PIN, VENDOR, components, render
from tests.tools.sbom import make_bom


def test_the_list_of_licences_is_that_of_what_is_installed() -> None:
    assert LIST.read_text(encoding="utf-8") == render(), "run make licences, and read what changed"


def test_every_licence_is_allowed_or_its_exception_has_a_reason() -> None:
    assert {each.name for each in components() if not each.is_allowed} == set(EXCEPTIONS)


@pytest.fixture(scope="module")
def bill_of_materials() -> str:
    return JsonV1Dot6(make_bom(["libc6:amd64\t2.36-9+deb12u13\n"])).output_as_string()


@pytest.fixture(scope="module")
def parts(bill_of_materials: str) -> list[dict[str, Any]]:
    found = json.loads(bill_of_materials)["components"]
    assert isinstance(found, list)
    return found


def test_the_bill_of_materials_keeps_to_cyclonedx(bill_of_materials: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill_of_materials) is None


def test_every_locked_package_is_in_the_bill_of_materials(parts: list[dict[str, Any]]) -> None:
    pins = map(Requirement, PIN.findall(LOCK.read_text(encoding="utf-8")))
    locked = {
        f"pkg:pypi/{pin.name}@{str(pin.specifier).removeprefix('==')}"
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }
    assert len(locked) > 20
    assert locked == {each["purl"] for each in parts if ":pypi/" in each.get("purl", "")}


def test_every_model_and_script_is_in_the_bill_of_materials_with_its_hash(
    parts: list[dict[str, Any]],
) -> None:
    hashes = {each["hashes"][0]["content"] for each in parts if "hashes" in each}
    files = (LANDMARKS_68_FILE, LANDMARKS_5_FILE, CNN_DETECTOR_FILE, YUNET_FILE)
    scripts = [path for path in VENDOR.iterdir() if "LICENSE" not in path.name]
    ours = [SHIPPED_BUNDLE / MODEL_NAME, *scripts]
    assert {file.sha256 for file in files} | {
        hashlib.sha256(path.read_bytes()).hexdigest() for path in ours
    } <= hashes


def test_python_and_debian_s_packages_are_in_the_bill_of_materials(
    parts: list[dict[str, Any]],
) -> None:
    purls = {each.get("purl", "") for each in parts}
    assert "pkg:deb/debian/libc6@2.36-9%2Bdeb12u13" in purls
    assert any(purl.startswith("pkg:generic/python@3.") for purl in purls)
