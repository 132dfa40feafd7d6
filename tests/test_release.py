"""A release is described before it is made: `make release` and these tests read the same two files."""

import configparser
import re
import shutil
import subprocess

import pytest

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


@pytest.mark.processes
@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("setup.cfg", f"version = {version()}", "version = 9.9.9", "setup.cfg says 9.9.9"),
        ("clients/typescript/package.json", f'"{version()}"', '"9.9.9"', "package.json does not: run `make docs`"),
        ("CHANGELOG.md", "## Unreleased\n", "## Unreleased\n\n- A change.\n", 'changes stand under "Unreleased"'),
        ("CHANGELOG.md", "## Unreleased\n", "", 'does not begin with a section "Unreleased"'),
        ("README.md", "# Answerback", "# Something else", "the working tree has changes"),
    ],
)
def test_a_release_that_is_not_described_or_not_committed_is_refused(file, old, new, said, tmp_path):
    of_clients = ("clients/python/answerback_client/_version.py", "clients/typescript/package.json")
    for name in ("setup.cfg", "CHANGELOG.md", "README.md", ".ci/release", *of_clients):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    if file != "README.md":
        change(tmp_path / file, old, new)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-C", str(tmp_path)]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "Everything"]):
        subprocess.run([*git, *arguments], check=True)
    if file == "README.md":
        change(tmp_path / file, old, new)
    done = subprocess.run([str(tmp_path / ".ci" / "release")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert said in done.stderr
    assert not (tmp_path / "dist").exists()


def change(path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
