"""HTML: the text that is seen, and the marks of what is quoted."""

import time

from worker.reading.markup import is_html, to_text


def test_only_what_is_html_as_a_whole_is_taken_for_it():
    assert is_html("<div>Hello</div>")
    assert is_html("<!DOCTYPE html><html><body>Hello</body></html>\n")
    assert not is_html("The <div> tag and the </b> tag vanish. Why?")
    assert not is_html("<p> is not shown. Why?")


def test_lines_lists_and_tables_keep_their_shape():
    markup = "<html><head><style>p{}</style></head><body><p>One<br>two</p><ul><li>a</li><li>b</li></ul>"
    assert to_text(markup + "<table><tr><td>x</td><td>y</td></tr></table></body></html>") == (
        "One\ntwo\n\n- a\n- b\n\nx y"
    )


def test_what_is_hidden_is_not_read():
    assert to_text('<div>seen<span style="display:none">not</span> too<!-- nor this --></div>') == "seen too"


def test_quoted_text_is_marked_at_its_depth():
    markup = (
        '<div>Why?</div><blockquote type="cite">one<blockquote type="cite">two</blockquote></blockquote><div>So?</div>'
    )
    assert to_text(f"<div>{markup}</div>").split("\n") == ["Why?", "> one", ">> two", "So?"]


def test_a_quotation_of_the_customer_is_their_own_text():
    assert (
        to_text("<div>It says<blockquote>free returns</blockquote>Is it so?</div>")
        == "It says\nfree returns\nIs it so?"
    )


def test_many_comments_before_markup_cost_little():
    began = time.process_time()
    assert not is_html("<!---->" * 500 + "x")
    assert time.process_time() - began < 1


def test_an_xml_declaration_and_deep_nesting_lose_no_words():
    page = '<?xml version="1.0" encoding="utf-8"?><html><body><p>How do I return it?</p></body></html>'
    assert to_text(page).strip() == "How do I return it?"
    deep = "<div>" * 600 + "How do I return it?" + "</div>" * 600
    assert "How do I return it?" in to_text(deep)
