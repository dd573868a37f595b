"""List the licences of all that is shipped: `make licences` writes `serving/LICENCES.md`.

A package's licence is what it declares; the libraries within its wheel, the models and the scripts
of the page are named here by hand, from the texts that come with them. A part without a name fails.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.licenses import canonicalize_license_expression
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-serving.lock"
OWN = ROOT / "preprocessing"
VENDOR = ROOT / "serving" / "static" / "vendor"
DETECTOR = ROOT / "serving" / "static" / "device" / "yunet.tflite"
SAMPLES = ROOT / "serving" / "static" / "samples"
LIST = ROOT / "serving" / "LICENCES.md"
PIN = re.compile(r"^[\w.-]+==[^\\\n]+", re.MULTILINE)

# Licences that ask for no more than that their text or a credit goes along.
ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Attribution",
    "BSD-3-Clause-Open-MPI", "BSL-1.0", "CC0-1.0", "FTL",
    "GPL-3.0-or-later WITH GCC-exception-3.1", "IJG", "libpng-2.0", "libtiff",
    "LicenseRef-public-domain",
    "MIT", "MIT-CMU", "MIT-Modern-Variant", "MIT-open-group", "OLDAP-2.8", "OpenSSL", "PSF-2.0",
    "PostgreSQL", "X11", "Zlib",
}  # fmt: skip
REPLACEABLE = "a library of its own, unchanged, which anyone may replace"
# What else is shipped, each with the reason why it may be.
EXCEPTIONS = {
    "tqdm": "the MPL covers its own files, which are unchanged",
    "libavcodec": REPLACEABLE,
    "libavformat": REPLACEABLE,
    "libavutil": REPLACEABLE,
    "libcrypt": REPLACEABLE,
    "libde265": REPLACEABLE,
    "libheif": REPLACEABLE,
    "libkeyutils": REPLACEABLE,
    "libquadmath": REPLACEABLE,
    "libswresample": REPLACEABLE,
    "libswscale": REPLACEABLE,
    "psycopg": REPLACEABLE,
    "psycopg-binary": REPLACEABLE,
    "shape_predictor_68_face_landmarks.dat": (
        "no commercial use, for it was trained on iBUG 300-W; the README says so, and "
        "`--landmarks 5` trains a network that does without"
    ),
}

# Words for licences that are no SPDX expressions.
DECLARED = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Boost Software License": "BSL-1.0",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
}
LIBRARIES = {
    "libXau": "MIT-open-group",
    "libaom": "BSD-2-Clause",
    "libavcodec": "LGPL-2.1-or-later",
    "libavformat": "LGPL-2.1-or-later",
    "libavif": "BSD-2-Clause",
    "libavutil": "LGPL-2.1-or-later",
    "libbrotlicommon": "MIT",
    "libbrotlidec": "MIT",
    "libcom_err": "MIT",
    "libcrypt": "LGPL-2.1-or-later",
    "libcrypto": "OpenSSL",
    "libde265": "LGPL-3.0-or-later",
    "libdrm": "MIT",
    "libfreetype": "FTL",
    "libgfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libgssapi_krb5": "MIT",
    "libharfbuzz": "MIT-Modern-Variant",
    "libheif": "LGPL-3.0-or-later",
    "libjpeg": "IJG AND BSD-3-Clause AND Zlib",
    "libk5crypto": "MIT",
    "libkeyutils": "LGPL-2.1-or-later",
    "libkrb5": "MIT",
    "libkrb5support": "MIT",
    "liblber": "OLDAP-2.8",
    "liblcms2": "MIT",
    "libldap": "OLDAP-2.8",
    "liblzma": "0BSD",
    "libopenblasp": "BSD-3-Clause",
    "libopenjp2": "BSD-2-Clause",
    "libpng16": "libpng-2.0",
    "libpq": "PostgreSQL",
    "libquadmath": "LGPL-2.1-or-later",
    "libsasl2": "BSD-3-Clause-Attribution",
    "libscipy_openblas64_": "BSD-3-Clause AND BSD-3-Clause-Open-MPI",
    "libsharpyuv": "BSD-3-Clause",
    "libssl": "OpenSSL",
    "libswresample": "LGPL-2.1-or-later",
    "libswscale": "LGPL-2.1-or-later",
    "libtiff": "libtiff",
    "libvpx": "BSD-3-Clause",
    "libwebp": "BSD-3-Clause",
    "libwebpdemux": "BSD-3-Clause",
    "libwebpmux": "BSD-3-Clause",
    "libxcb": "X11",
    "libzstd": "BSD-3-Clause",
}
# Where one package's differs from others' by the same name: OpenSSL has another since version 3.
LIBRARIES_OF = {
    ("psycopg-binary", "libcrypto"): "Apache-2.0",
    ("psycopg-binary", "libssl"): "Apache-2.0",
}
# README of davisking/dlib-models for dlib's.
MODELS = {
    "dlib_frontal_face_detector.svm": "BSL-1.0",
    "face_detection_yunet_2023mar.onnx": "MIT",
    "yunet_any_size.onnx": "MIT",
    "yunet.tflite": "MIT",
    "dlib_face_recognition_resnet_model_v1.dat": "CC0-1.0",
    "mmod_human_face_detector.dat": "CC0-1.0",
    "shape_predictor_5_face_landmarks.dat": "CC0-1.0",
    "shape_predictor_68_face_landmarks.dat": "LicenseRef-iBUG-300-W",
}
SCRIPTS = {"litert": "Apache-2.0", "litert-wasm": "Apache-2.0", "plotly-basic": "MIT"}
# The portraits of NASA and the US Navy are works of the United States' government; the photographer
# is scikit-image's `camera`, by Lav Varshney.
PICTURES = {
    "sample.jpg": "LicenseRef-public-domain",
    "portrait": "LicenseRef-public-domain",
    "tilted": "LicenseRef-public-domain",
    "hard": "CC0-1.0",
    "group": "LicenseRef-public-domain AND CC0-1.0",
}


@dataclass(frozen=True)
class Component:
    """Something that is shipped; its licence is an SPDX expression.

    Attributes:
        path: Of a file that is part of something else; None for a package.
    """

    name: str
    version: str
    licence: str
    part_of: str = ""
    path: Path | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether its licence asks for no more than that its text or a credit goes along."""
        choices = self.licence.split(" OR ")
        return any(set(choice.split(" AND ")) <= ALLOWED for choice in choices)


def components() -> list[Component]:
    """Return all that is shipped beside Mien's own code and the base image.

    Raises:
        KeyError: Nobody has named the licence of something here.
        PackageNotFoundError: A locked package is not installed.
    """
    found: list[Component] = []
    for pin in PIN.findall(LOCK.read_text(encoding="utf-8")):
        requirement = Requirement(pin)
        if requirement.marker is None or requirement.marker.evaluate():
            found += _in_package(requirement.name)
    for path in sorted([*OWN.rglob("*.onnx"), *OWN.rglob("*.svm")]):
        found.append(Component(path.name, "", MODELS[path.name], "preprocessing", path))
    found.append(Component(DETECTOR.name, "", MODELS[DETECTOR.name], "the page", DETECTOR))
    for path in sorted(VENDOR.iterdir()):
        if "LICENSE" not in path.name:
            name, version, _ = re.split(r"-(\d+\.\d+\.\d+)", path.name)
            found.append(Component(path.name, version, SCRIPTS[name], "the page", path))
    for path in sorted([*OWN.rglob("sample.jpg"), *SAMPLES.iterdir()]):
        licence = PICTURES.get(path.name) or PICTURES[path.stem.removesuffix("-small")]
        part_of = "the page" if path.is_relative_to(SAMPLES) else "preprocessing"
        found.append(Component(path.name, "", licence, part_of, path))
    return found


def _in_package(name: str) -> Iterator[Component]:
    distribution = metadata.distribution(name)
    package = Component(name, distribution.version, _declared(distribution))
    yield package
    for file in sorted(distribution.files or []):
        path = Path(str(distribution.locate_file(file)))
        if file.parts[0].endswith(".libs"):
            library = file.name.partition("-")[0]
            licence = LIBRARIES_OF.get((name, library)) or LIBRARIES[library]
            yield Component(library, "", licence, name, path)
        elif file.suffix == ".dat":
            yield Component(file.name, "", MODELS[file.name], name, path)


def _declared(distribution: metadata.Distribution) -> str:
    given = distribution.metadata
    classifiers = [each for each in given.get_all("Classifier", []) if each.startswith("License")]
    words = given.get("License-Expression") or given.get("License") or classifiers[0]
    return canonicalize_license_expression(DECLARED.get(words, words))


def render() -> str:
    """Return the list as Markdown."""
    shipped = components()
    rows = "\n".join(
        f"| {each.name} | {each.version} | {each.part_of} | {each.licence} |" for each in shipped
    )
    reasons = "\n".join(
        f"- {each.name} ({each.licence}): {EXCEPTIONS[each.name]}."
        for each in {each.name: each for each in shipped if not each.is_allowed}.values()
    )
    return f"""# Licences of what is shipped

Mien itself is Apache-2.0. Listed is what `requirements-serving.lock` installs, with the libraries
and models that lie within as files of their own, the face detector, and the scripts and sample
pictures of the page. Each brings the text of its licence along (that of flatbuffers and of LiteRT
is that of Mien; both files of the detector have one), and names there what is linked into it; only
the libraries within psycopg-binary leave theirs to their projects. The container's base image,
Debian and Python, brings its own.
Written by `make licences`; a test compares it with what is installed.

| what | version | part of | licence |
|---|---|---|---|
{rows}

## Those that ask for more than a text or a credit, and why they are here

{reasons}
"""


def main() -> None:
    """Write the list."""
    LIST.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
