"""What connectors share: texts are known again whatever a helpdesk does to their markup, webhooks by signature."""

import time

import pytest

from worker.helpdesks.protocol import (
    TOLERANCE_S,
    WebhookRefused,
    digest,
    message_text,
    plain,
    require_fresh,
    require_same,
)
from worker.helpdesks.rendering import to_html


@pytest.mark.parametrize(
    "text", ["type <your name> here", "a < b and c > d", "AT&amp;T &lt;3", "x\n\ny <https://a.b/c>"]
)
def test_the_digest_of_a_text_ignores_markup(text):
    assert digest(text) == digest(to_html(text))


def test_markup_becomes_lines_of_text():
    assert plain("<p>Hello &amp; welcome</p><style>p {}</style><div>Bob<br>Support</div>") == (
        "Hello & welcome\nBob\nSupport"
    )


def test_a_message_keeps_the_marks_of_quotes():
    markup = '<div>Why?<blockquote type="cite">Because.</blockquote></div>'
    assert message_text(markup) == "Why?\n> Because."
    assert message_text("Is <b> allowed?") == "Is  allowed?"


@pytest.mark.parametrize(("given", "expected"), [("a", "b"), ("", ""), ("é", "e")])
def test_a_signature_that_differs_or_is_missing_is_refused(given, expected):
    with pytest.raises(WebhookRefused):
        require_same(given, expected)


@pytest.mark.parametrize("timestamp", [None, 1_000.0 - TOLERANCE_S - 1, 1_000.0 + TOLERANCE_S + 1])
def test_a_webhook_without_a_recent_time_is_refused(timestamp):
    with pytest.raises(WebhookRefused):
        require_fresh(timestamp, now=1_000.0)


@pytest.mark.parametrize(
    "text",
    [
        "**Bold** words, and [a link](https://a.example/page).\n\n" * 400,
        "| a | b |\n|---|---|\n" + "| a | b |\n" * 2_100,
        "é & <x> " * 4_100,
    ],
)
def test_the_digest_of_a_long_text_ignores_markup_and_all_but_its_beginning(text):
    assert digest(text) == digest(to_html(text)) == digest(f"{text}\n\nMore.")
    assert digest(text) != digest(f"More. {text}")


@pytest.mark.parametrize("part", ["A page: https://a.example. ", "<script", "<!--", "<br", "<style>", "_a "])
def test_a_text_that_is_made_to_cost_time_has_a_digest_soon(part):
    began = time.process_time()
    digest(part * (2_000_000 // len(part)))
    assert time.process_time() - began < 3.0


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<!-- b -->c<script>d</script>e<style>f</style>", "ace"),
        ("a<script>b<!-- c</script>d<!--e<script>-->f", "adf"),
        ("a <!-- b", "a <!-- b"),
        ("a<script>b", "ab"),
        ("<!-- a --> b --> c <!-- d", "b --> c <!-- d"),
    ],
)
def test_scripts_and_comments_go_and_what_does_not_end_stays(markup, text):
    assert plain(markup) == text
