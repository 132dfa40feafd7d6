"""Runs that nobody sees are removed; white type on something dark is seen."""

import pytest

from kb.readers import packages
from kb.readers.hidden_runs import HiddenRuns
from tests.support.reported_files.packages import WORD_NAMESPACES, paragraph, text_run


def dropped(body: str, styles: str = "") -> tuple[int, str]:
    root = packages.xml(f"<w:document {WORD_NAMESPACES}><w:body>{body}</w:body></w:document>".encode())
    known = packages.xml(f"<w:styles {WORD_NAMESPACES}>{styles}</w:styles>".encode())
    return HiddenRuns(known).drop(root), "".join(root.itertext())


@pytest.mark.parametrize(
    "properties",
    [
        "<w:vanish/>",
        '<w:vanish w:val="true"/>',
        '<w:color w:val="ffffff"/>',
        '<w:sz w:val="2"/>',
        '<w:rStyle w:val="H"/>',
    ],
)
def test_runs_that_are_not_seen_are_removed(properties):
    style = '<w:style w:styleId="H"><w:rPr><w:vanish/></w:rPr></w:style>'
    assert dropped(paragraph("Seen ", text_run("hidden", properties)), style) == (1, "Seen ")


@pytest.mark.parametrize(
    "properties",
    [
        '<w:vanish w:val="0"/>', '<w:color w:val="FF0000"/>', '<w:sz w:val="16"/>',
        '<w:color w:val="FFFFFF"/><w:shd w:fill="000000"/>', '<w:color w:val="FFFFFF"/><w:highlight w:val="black"/>',
    ],
)  # fmt: skip
def test_runs_that_are_seen_stay(properties):
    assert dropped(paragraph(text_run("seen", properties))) == (0, "seen")


def test_neighbouring_runs_are_one_stretch():
    hidden = text_run("a", "<w:vanish/>") + text_run("b", "<w:vanish/>")
    assert dropped(paragraph("Seen ", hidden)) == (1, "Seen ")


def test_styles_that_are_based_on_each_other_end():
    loop = (
        '<w:style w:styleId="A"><w:basedOn w:val="B"/></w:style><w:style w:styleId="B"><w:basedOn w:val="A"/></w:style>'
    )
    assert dropped(paragraph(text_run("seen", '<w:rStyle w:val="A"/>')), loop) == (0, "seen")
