"""The storage format of Confluence comes out as readers see it: macros, layouts, tasks, links, hidden parts."""

import pytest

from kb import documents
from worker.sources.storage_format import to_html


def read(storage):
    """Return the text that is indexed, in one line."""
    html = to_html(storage)
    return " ".join(documents.read(html.encode(), media_type="text/html", title="Page").text.split()) if html else ""


def macro(name, inside="", **parameters):
    given = "".join(f'<ac:parameter ac:name="{key}">{value}</ac:parameter>' for key, value in parameters.items())
    return f'<ac:structured-macro ac:name="{name}" ac:schema-version="1">{given}{inside}</ac:structured-macro>'


def rich(inside):
    return f"<ac:rich-body-text>{inside}</ac:rich-body-text>".replace("body-text", "text-body")


def plain(inside):
    return f"<ac:plain-text-body><![CDATA[{inside}]]></ac:plain-text-body>"


SEEN = {
    "a panel with its title": (macro("info", rich("<p>Keep the box.</p>"), title="Tip"), "Tip Keep the box."),
    "an expander": (macro("expand", rich("<p>Within 30 days.</p>"), title="How long?"), "How long? Within 30 days."),
    "code": (macro("code", plain("if (a < b) { }"), language="java"), "if (a < b) { }"),
    "text as it is": (macro("noformat", plain("A & B")), "A & B"),
    "a status": (f"<p>Refunds {macro('status', title='ON', colour='Green')} today</p>", "Refunds ON today"),
    "a layout of two columns": (
        '<ac:layout><ac:layout-section ac:type="two_equal"><ac:layout-cell><p>Left.</p></ac:layout-cell>'
        "<ac:layout-cell><p>Right.</p></ac:layout-cell></ac:layout-section></ac:layout>",
        "Left. Right.",
    ),
    "sections and columns": (macro("section", rich(macro("column", rich("<p>In a column.</p>")))), "In a column."),
    "a macro inside a macro": (macro("panel", rich(macro("note", rich("<p>Deep.</p>")))), "Deep."),
    "a macro of another maker": (macro("aura-panel", rich("<p>Kept.</p>")), "Kept."),
    "tasks without their ids and states": (
        "<ac:task-list><ac:task><ac:task-id>7</ac:task-id><ac:task-status>incomplete</ac:task-status>"
        '<ac:task-body><span class="placeholder-inline-tasks">Print the label</span></ac:task-body></ac:task>'
        "</ac:task-list>",
        "- Print the label",
    ),
    "a link to a page by its title": (
        '<p>See <ac:link><ri:page ri:content-title="Returns"/></ac:link>.</p>',
        "See Returns.",
    ),
    "a link with its own text": (
        '<p>See <ac:link><ri:page ri:content-title="R1"/><ac:plain-text-link-body><![CDATA[our returns]]>'
        "</ac:plain-text-link-body></ac:link>.</p>",
        "See our returns.",
    ),
    "a link with styles": (
        '<p>See <ac:link><ri:page ri:content-title="R"/><ac:link-body>our <b>returns</b></ac:link-body></ac:link>.</p>',
        "See our returns.",
    ),
    "a link to a person": ('<p>Ask <ac:link><ri:user ri:account-id="5b1"/></ac:link> first.</p>', "Ask first."),
    "an image with its description": (
        '<p>Press <ac:image ac:alt="the red button"><ri:url ri:value="https://a.example/b.png"/></ac:image> now.</p>',
        "Press the red button now.",
    ),
    "an image with a caption, once": (
        '<ac:image ac:alt="The label"><ri:attachment ri:filename="l.png"/><ac:caption><p>The label</p></ac:caption>'
        "</ac:image>",
        "The label",
    ),
    "a commented passage": (
        '<p>Thirty <ac:inline-comment-marker ac:ref="a1">days</ac:inline-comment-marker> only.</p>',
        "Thirty days only.",
    ),
    "entities of HTML": ("<p>R&uuml;ckgabe&nbsp;&mdash; 30&nbsp;Tage &lt; 1 Monat &amp; frei</p>", None),
    "a date": ('<p>Until <time datetime="2026-12-24" />.</p>', "Until 2026-12-24."),
    "a panel of the new editor, once": (
        '<ac:adf-extension><ac:adf-node type="panel"><ac:adf-attribute key="panel-type">note</ac:adf-attribute>'
        "<ac:adf-content><p>Said once.</p></ac:adf-content></ac:adf-node>"
        '<ac:adf-fallback><div class="panel"><p>Said once.</p></div></ac:adf-fallback></ac:adf-extension>',
        "Said once.",
    ),
    "a table": (
        "<table><tbody><tr><th>Country</th><th>Price</th></tr>"
        "<tr><td><p>Spain</p></td><td>5 €</td></tr></tbody></table>",
        "Country: Spain · Price: 5 €",
    ),
}

UNSEEN = {
    "hidden page properties": macro("details", rich("<p>Owner: Ann</p>"), hidden="true"),
    "a hidden excerpt": macro("excerpt", rich("<p>Draft sum.</p>"), hidden="true"),
    "the hint of a template": "<p><ac:placeholder>Type the policy here</ac:placeholder></p>",
    "what other pages hold": macro("include", '<ac:parameter ac:name=""><ac:link/></ac:parameter>'),
    "lists of pages": macro("children", depth="2") + macro("pagetree", root="Home") + macro("toc", maxLevel="3"),
    "queries": macro("jira", jqlQuery="project = REFUND", server="Jira"),
    "code that a browser runs": macro("html", plain("<script>alert(1)</script>")),
    "the source of a diagram": macro("mermaid", plain("graph TD; A-->B")),
    "the name of an anchor": macro("anchor", **{"": "top"}),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_readers_see_is_read(name):
    storage, expected = SEEN[name]
    if expected is None:
        expected = "Rückgabe — 30 Tage < 1 Monat & frei"
    assert read(storage) == expected


@pytest.mark.parametrize("name", UNSEEN)
def test_what_readers_do_not_see_here_is_not_read(name):
    assert read(UNSEEN[name]) == ""
    assert read(f"<p>Before.</p>{UNSEEN[name]}<p>After.</p>") == "Before. After."


def test_text_after_what_is_taken_out_stays():
    assert read('<p>A <ac:emoticon ac:name="smile" ac:emoji-fallback="🙂"/> B <ri:user/> C</p>') == "A 🙂 B C"


def test_files_are_named_once_each():
    link = '<ac:link><ri:attachment ri:filename="a &amp; b.pdf"/></ac:link>'
    assert to_html(f"<p>{link} {link}</p>").count("<object") == 1


def test_a_broken_page_is_read_as_far_as_it_goes():
    assert read("<p>Thirty days.</p><p>Then <b>nothing</p>") == "Thirty days. Then nothing"


def test_a_page_that_is_nested_without_end_has_nothing_to_read_and_does_not_end_the_worker():
    assert to_html("<div>" * 20_000 + "<p>Deep.</p>" + "</div>" * 20_000) == ""
