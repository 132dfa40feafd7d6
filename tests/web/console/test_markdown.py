"""Markdown becomes HTML that can neither run nor load anything."""

import pytest

from web.console.markdown import rendered, rendered_answer


def test_the_usual_marks_are_shown():
    html = rendered("**bold** *it* `code`\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    for piece in ("<strong>bold</strong>", "<em>it</em>", "<code>code</code>", "<li>one</li>", "<td>2</td>"):
        assert piece in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://tracker.example/pixel.png)",
        '[x](https://a.example "onmouseover=alert(1)")',
        "<javascript:alert(1)>",
        "```html\n<script>alert(1)</script>\n```",
    ],
)
def test_nothing_in_a_message_runs_or_loads(text):
    html = rendered(text).lower()
    for bad in ("<script", "<img", 'href="javascript', 'href="data', ' onerror="', " onmouseover="):
        assert bad not in html


def test_links_leave_the_console_without_telling_where_they_come_from():
    html = rendered("[shop](https://shop.example/a?b=1&c=2)")
    assert '<a rel="noreferrer noopener" target="_blank" href="https://shop.example/a?b=1&amp;c=2">shop</a>' in html


def test_citations_link_to_their_sources_and_other_numbers_stay_text():
    html = rendered_answer("So **it is** [1], not [9]. [a](https://x.example/[1])", message_id="msg_1", numbers={1})
    assert html.count('<a class="mark" href="#source-msg_1-1">[1]</a>') == 1
    assert "not [9]." in html
