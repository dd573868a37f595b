"""List all that the container holds, as CycloneDX.

`dpkg-query --show | python -m tests.tools.sbom`

The Dockerfile runs it where everything is installed. Packages, libraries, models and scripts are
those of the list of licences, as far as they are there; Debian's packages are read from stdin.
"""

import hashlib
import platform
import sys
from collections.abc import Iterable, Iterator

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tests.tools import licences

NETWORK = licences.ROOT / "serving" / "bundle" / "model.tflite"
MIEN = "mien"
MIEN_LICENCE = "Apache-2.0"
MODELS = {".dat", ".onnx", ".svm", ".tflite"}


def make_bom(debian: Iterable[str]) -> Bom:
    """Return the bill of materials.

    Args:
        debian: Lines of a Debian package's name and version, with a tab between.
    """
    mien = Component(
        name=MIEN, type=ComponentType.APPLICATION, licenses=[LicenseExpression(MIEN_LICENCE)]
    )
    parts = [*map(_to_component, _shipped()), *_base(debian)]
    bom = Bom(components=parts)
    bom.metadata.component = mien
    bom.register_dependency(mien, parts)
    return bom


def _shipped() -> Iterator[licences.Component]:
    yield licences.Component(NETWORK.name, "", MIEN_LICENCE, MIEN, NETWORK)
    for each in licences.components():
        if each.path is None or each.path.exists():
            yield each


def _to_component(shipped: licences.Component) -> Component:
    component = Component(
        name=shipped.name,
        version=shipped.version or None,
        licenses=[LicenseExpression(shipped.licence)],
    )
    if shipped.path is None:
        component.purl = PackageURL("pypi", name=shipped.name, version=shipped.version)
    else:
        digest = hashlib.sha256(shipped.path.read_bytes()).hexdigest()
        component.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=digest))
        component.properties.add(Property(name="mien:part-of", value=shipped.part_of))
        if shipped.path.suffix in MODELS:
            component.type = ComponentType.MACHINE_LEARNING_MODEL
    return component


def _base(debian: Iterable[str]) -> Iterator[Component]:
    python = platform.python_version()
    yield Component(
        name="python", version=python, purl=PackageURL("generic", name="python", version=python)
    )
    for line in debian:
        name, version = line.split()
        purl = PackageURL("deb", "debian", name.partition(":")[0], version)
        yield Component(name=name, version=version, purl=purl)


def main() -> None:
    """Write the bill of materials to stdout."""
    print(JsonV1Dot6(make_bom(sys.stdin)).output_as_string(indent=1))


if __name__ == "__main__":
    main()
