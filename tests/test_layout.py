"""Each folder says what is in it, and what it says is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("preprocessing", "training", "serving", "notebooks", "tests")
READMES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("README.md"))
# A file or a folder in backticks, perhaps with a pattern.
NAMED = re.compile(r"`((?:[\w.*-]+/)*[\w*-]+(?:\.(?:py|md|js|css|json)|/))`")
# The target of a link or of an image, and where in a file it leads.
LINKED = re.compile(r"(?:\]\(|src=\"|href=\")(?!\w+:)([^)#\"\s]*)(?:#([\w-]+))?[)\"]")
FIRST_SCREEN_LINES = 45
PACKAGES = ("preprocessing", "training", "serving")
SEVERAL = 3
MODULE_LINES, FUNCTION_LINES = 250, 50


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_says_what_is_in_it(folder: str) -> None:
    first_screen = (
        (ROOT / folder / "README.md").read_text("utf-8").splitlines()[:FIRST_SCREEN_LINES]
    )
    within = {path.name for path in (ROOT / folder).iterdir() if path.is_dir()}
    named = {name.rstrip("/") for name in NAMED.findall("\n".join(first_screen))}
    packages = {name for name in within if (ROOT / folder / name / "__init__.py").exists()}
    assert packages <= named


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_readme_names_is_there(readme: Path) -> None:
    named = set(NAMED.findall(readme.read_text(encoding="utf-8")))
    made_by_a_run = {name for name in named if name.endswith(".json")}
    missing = {
        name
        for name in named - made_by_a_run
        if not any(readme.parent.glob(name)) and not any(ROOT.glob(name))
    }
    assert not missing


@pytest.mark.parametrize(
    "readme", [ROOT / "README.md", *READMES], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_link_leads_somewhere(readme: Path) -> None:
    for name, heading in LINKED.findall(readme.read_text("utf-8")):
        target = readme.parent / name if name else readme
        assert target.exists(), name
        if heading:
            headings = re.findall(r"^#+ (.*)", target.read_text("utf-8"), re.MULTILINE)
            anchors = [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
            assert heading in anchors, f"{name}#{heading}"


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_readme_names_every_module_beside_it(readme: Path) -> None:
    if readme.parent.name == "formats":  # its modules are called after the formats
        return
    modules = {path.name for path in readme.parent.glob("*.py") if path.stem.isidentifier()}
    shown = {name for name in modules if not name.startswith(("__", "test_", "conftest"))}
    named = {Path(name).name for name in NAMED.findall(readme.read_text(encoding="utf-8"))}
    assert shown <= named


@pytest.mark.parametrize("package", PACKAGES)
def test_a_folder_of_several_modules_has_a_readme(package: str) -> None:
    without = {
        folder
        for folder in {path.parent for path in (ROOT / package).rglob("*.py")}
        if len(list(folder.glob("[!_]*.py"))) >= SEVERAL and not (folder / "README.md").exists()
    }
    assert not without


@pytest.mark.parametrize("folder", FOLDERS)
def test_modules_fit_on_a_few_screens(folder: str) -> None:
    modules = {
        path
        for kind in ("*.py", "*.js")
        for path in (ROOT / folder).rglob(kind)
        if path.parent.name != "vendor"  # others' code
    }
    assert not {
        path for path in modules if len(path.read_text("utf-8").splitlines()) >= MODULE_LINES
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_functions_fit_on_a_screen(folder: str) -> None:
    too_long = {
        f"{path.relative_to(ROOT).as_posix()}: {node.name}"
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 >= FUNCTION_LINES
    }
    assert not too_long


@pytest.mark.parametrize("package", PACKAGES)
def test_tests_lie_as_the_packages_do(package: str) -> None:
    for path in (ROOT / "tests" / package).rglob("test_*.py"):
        assert (ROOT / path.parent.relative_to(ROOT / "tests")).is_dir(), path
