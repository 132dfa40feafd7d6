"""Assistants find every page of the documentation, and can read it without its HTML."""

import re
from pathlib import Path

import pytest

from tests.support.processes import ROOT

config = pytest.importorskip("mkdocs.config")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """What the hooks write after a build."""
    from docs import hooks

    folder = tmp_path_factory.mktemp("site")
    hooks.on_post_build(config.load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder)))
    return folder


def test_the_index_for_assistants_lists_every_page_of_the_navigation(site):
    index = (site / "llms.txt").read_text()
    assert index.startswith("# Answerback\n\n> An answering service for support desks.")
    listed = re.findall(r"^- \[(.+)\]\((.+?)\)", index, re.M)
    in_navigation = re.findall(r"^ +- (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M)
    assert {page for _, page in listed} == set(in_navigation)
    assert ("Use the Python or the TypeScript client", "howto/clients.md") in listed
    assert "## Reference" in index


def test_each_page_lies_beside_its_html_as_it_was_written(site):
    for page in ("tutorial.md", "howto/clients.md"):
        assert (site / page).read_text() == (ROOT / "docs" / page).read_text()
    assert (site / "changelog.md").read_text().startswith("# Changelog")


def test_a_page_is_described_by_its_first_sentence_in_plain_text(site):
    index = (site / "llms.txt").read_text()
    described = re.search(r"\(howto/clients\.md\): (.+)", index)[1]
    assert described == "This page is for engineers who call Answerback from a program."
    assert "](" not in described
