"""A release is described before it is made: `make release` and these tests read the same two files."""

import configparser
import re

from tests.support.processes import ROOT


def version() -> str:
    parsed = configparser.ConfigParser()
    parsed.read(ROOT / "setup.cfg")
    return parsed["metadata"]["version"]


def releases() -> list[str]:
    return re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)


def test_the_changelog_describes_the_version_that_would_be_released():
    assert releases()[:2] == ["Unreleased", version()]


def test_the_page_on_upgrading_says_what_the_version_needs():
    page = (ROOT / "docs" / "upgrading.md").read_text()
    assert f"| {version()} |" in page


def test_the_version_is_stated_in_one_place():
    """Code that shows the version asks the installed distribution for it."""
    for package in ("kb", "tasks", "web", "worker"):
        for module in (ROOT / package).rglob("*.py"):
            assert not re.search(rf"[\"']{re.escape(version())}[\"']", module.read_text()), module
