"""Answers are shown as each place shows them; the cases are of public reports, and of labelled drafts."""

import json
from pathlib import Path

import pytest

from worker.helpdesks.protocol import digest, plain
from worker.helpdesks.rendering import to_html, to_markdown, to_mrkdwn, to_text

DATA = Path("tests/data")
CASES = [
    json.loads(line)
    for split in ("dev", "held_out")
    for line in (DATA / f"rendering/{split}.jsonl").read_text().splitlines()
]
DRAFTS = [
    json.loads(line)["draft"]
    for file in sorted((DATA / "drafts").glob("*.jsonl"))
    for line in file.read_text().splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_what_was_reported_as_broken_elsewhere_is_shown_right(case):
    assert to_html(case["text"]) == case["html"]
    assert to_mrkdwn(case["text"]) == case["mrkdwn"]


def test_no_mark_of_markdown_is_left_of_a_draft():
    assert len(DRAFTS) > 400
    assert [
        draft for draft in DRAFTS if "**" in to_html(draft) or "**" in to_mrkdwn(draft) or "**" in to_text(draft)
    ] == []


def test_a_draft_is_known_again_in_whatever_form_a_place_returns_it():
    for draft in (*DRAFTS, *(case["text"] for case in CASES if case["id"] != "slack-link")):
        forms = (to_html(draft), plain(to_html(draft)), to_html(draft, tables=False), to_markdown(draft))
        assert {digest(form) for form in forms} == {digest(draft)}, draft


def test_text_becomes_paragraphs_with_links_and_no_other_markup():
    assert to_html("See https://a.example/x.\n\n<b>2</b>") == (
        '<p>See <a href="https://a.example/x">https://a.example/x</a>.</p><p>&lt;b&gt;2&lt;/b&gt;</p>'
    )


TABLE = "Prices:\n\n| Plan | Price |\n|---|---|\n| **Basic** | `a|b`<br>10 € |\n\n# More"


def test_where_tables_are_not_shown_their_rows_are_lines():
    assert to_html(TABLE, tables=False) == (
        "<p>Prices:</p><p><strong>Plan</strong> | <strong>Price</strong><br>"
        "<strong>Basic</strong> | <code>a|b</code><br>10 €<br></p><p><strong>More</strong></p>"
    )
    assert to_markdown(TABLE) == "Prices:\n\n**Plan** | **Price**  \n**Basic** | `a|b`\n10 €  \n\n**More**"
    assert to_text(TABLE) == "Prices:\n\nPlan | Price\nBasic | a|b\n10 €\n\nMore"


def test_lists_and_code_are_kept_in_every_form():
    text = "1. One\n   - inner\n2. **Two**s\n\n```sh\nrm <x> *y*\n```\n\n> quoted ~~old~~\n\n---"
    assert to_html(text) == (
        "<ol><li>One<ul><li>inner</li></ul></li><li><strong>Two</strong>s</li></ol>"
        "<pre><code>rm &lt;x&gt; *y*\n</code></pre><blockquote><p>quoted <s>old</s></p></blockquote><hr>"
    )
    assert to_mrkdwn(text) == (
        "1. One\n    • inner\n2. *Two*\u200bs\n\n```\nrm &lt;x&gt; *y*\n```\n\n> quoted ~old~\n\n———"
    )
    assert to_text(text) == "1. One\n    - inner\n2. Twos\n\nrm <x> *y*\n\n> quoted old\n\n———"
    assert to_markdown(text) == text


def test_images_become_links_so_that_nothing_is_loaded():
    text = "![Where the button is](https://a.example/b.png)"
    assert to_html(text) == '<p><a href="https://a.example/b.png">Where the button is</a></p>'
    assert to_mrkdwn(text) == "<https://a.example/b.png|Where the button is>"
    assert to_text(text) == "Where the button is (https://a.example/b.png)"
