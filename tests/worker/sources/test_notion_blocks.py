"""Blocks of Notion come out with their order, their nesting and their links."""

from tests.worker.sources.wikis import block, text
from worker.sources.notion_blocks import has_text, plain_text, rich_text, to_html


def html(*blocks):
    """Return blocks as HTML; those inside a block are in it."""
    shown = [{"has_children": bool(each["inside"]), **each} for each in blocks]
    return to_html(shown, lambda each: [{"has_children": bool(i["inside"]), **i} for i in each["inside"]])


def test_text_is_text_whatever_it_looks_like():
    assert html(block("paragraph", "<b> & *not bold* # no heading")) == "<p>&lt;b&gt; &amp; *not bold* # no heading</p>"


def test_links_keep_their_address_and_others_do_not():
    assert rich_text(text("form", "https://a.example/?a=1&b=2")) == '<a href="https://a.example/?a=1&amp;b=2">form</a>'
    assert rich_text(text("page", "/0123456789abcdef")) == "page"
    assert rich_text(text("bad", "javascript:alert(1)")) == "bad"
    assert plain_text(text("form", "https://a.example")) == "form"


def test_runs_of_items_make_lists():
    found = html(
        block("numbered_list_item", "One"),
        block("numbered_list_item", "Two", inside=[block("paragraph", "More.")]),
        block("to_do", "Three"),
        block("heading_1", "Four"),
    )
    assert found == "<ol><li>One</li><li>Two<p>More.</p></li></ol><ul><li>Three</li></ul><h2>Four</h2>"


def test_a_toggle_heading_has_what_it_folds():
    assert html(block("heading_2", "How?", inside=[block("paragraph", "So.")])) == "<h3>How?</h3><p>So.</p>"


def test_files_and_kinds_that_nobody_knows_are_named():
    found = html(block("image", caption=text("The label")), block("ai_block"), block("transcription"))
    assert found.count("<object") == 3
    assert "<p>The label</p>" in found


def test_what_has_no_text_leaves_none():
    assert html(block("divider"), block("child_page", title="Below"), block("table_of_contents")) == ""
    assert html({**block("paragraph", "Gone"), "in_trash": True}) == ""


def test_blocks_that_hold_themselves_end():
    endless = {**block("toggle", "Again"), "has_children": True}
    assert to_html([endless], lambda _each: [endless]).count("<p>Again</p>") == 21


def test_an_empty_paragraph_and_a_file_are_nothing_to_read():
    assert not has_text(html(block("paragraph"), block("image")))
    assert has_text(html(block("paragraph", "So.")))


def test_a_table_without_a_header_has_cells_alone():
    rows = [block("table_row", cells=[text("A"), text("B")])]
    assert html(block("table", inside=rows)) == "<table><tr><td>A</td><td>B</td></tr></table>"


def test_an_equation_and_a_bookmark_say_what_they_show():
    assert html(block("equation", expression="a < b")) == "<p>a &lt; b</p>"
    assert (
        html(block("bookmark", url="https://a.example")) == '<p><a href="https://a.example">https://a.example</a></p>'
    )
