"""CONTRIBUTING.md leads newcomers to paths, commands and names that exist."""

import re

import pytest

from tests.support.helpdesks import FAKES
from tests.support.processes import ROOT

PAGES = ["CONTRIBUTING.md", "docs/howto/release.md"]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()

#: What `make` creates.
_MADE = {".venv", ".venv-release", "dist/"}


def code(text: str) -> list[str]:
    """Return the pieces of code within sentences."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))


def section(title: str) -> str:
    found = re.search(rf"^### {title}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    assert found, f"no recipe {title!r}"
    return found[1]


@pytest.mark.parametrize("page", PAGES)
def test_paths_exist(page):
    paths = {word for word in code((ROOT / page).read_text()) if re.fullmatch(r"[\w.-]+(/[\w.-]*)+|[\w.-]*\.\w+", word)}
    paths = {path for path in paths if "VERSION" not in path} - _MADE
    assert paths
    assert {path for path in paths if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / page).read_text(), re.M))
    assert targets
    assert {target for target in targets if not re.search(rf"^{target}:", makefile, re.M)} == set()


def test_every_target_for_contributors_is_named():
    makefile = (ROOT / "Makefile").read_text()
    listed = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.M)) - {"help", "setup", "up", "clean"}
    assert {target for target in listed if f"make {target}" not in PAGE} == set()


def test_variables_of_the_tests_are_read():
    sources = "".join(
        path.read_text() for path in (ROOT / "tests").rglob("*.py") if path.name != "test_contributing.py"
    )
    for name in set(re.findall(r"\b(?:TEST|ANSWERBACK)_[A-Z_]+", PAGE)):
        assert name in sources, name


def test_the_recipe_for_a_helpdesk_names_what_the_code_has():
    recipe = section("Add a helpdesk")
    assert "`FAKES`" in recipe
    assert len(FAKES) >= 5
    assert "`KINDS`" in recipe
    package = "".join(path.read_text() for path in (ROOT / "worker" / "helpdesks").rglob("*.py"))
    assert re.search(r"^KINDS\b", package, re.M)
    registered = re.search(r"^KINDS\b.*?^\}", package, re.M | re.S)
    assert registered, "KINDS is a mapping"
    for kind in FAKES:
        assert f'"{kind}"' in registered[0]


def test_the_recipe_for_a_setting_is_followed_by_every_setting():
    assert "`docs/settings.md`" in section("Add a setting")
    page = (ROOT / "docs" / "settings.md").read_text()
    declared = set(
        re.findall(
            r'"(ANSWERBACK_[A-Z_0-9]+)"', "".join(p.read_text() for p in (ROOT / "worker" / "settings").glob("*.py"))
        )
    )
    assert len(declared) >= 50
    assert {name for name in declared if f"`{name}`" not in page} == set()


def test_the_recipe_for_an_endpoint_leads_to_the_pages_of_the_api():
    recipe = section("Add an endpoint")
    for path in ("web/", "worker/", "tests/web/", "docs/reference/", "docs/api.md"):
        assert f"`{path}`" in recipe


def test_every_format_has_a_reader_that_the_recipe_leads_to():
    assert "`kb/readers/`" in section("Add a reader")
    readers = {path.stem for path in (ROOT / "kb" / "readers").glob("*.py")}
    assert {"html", "pdf", "word", "tables"} <= readers
