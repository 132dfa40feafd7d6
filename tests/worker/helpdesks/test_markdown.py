"""Answers are parsed as models write them, and at a price that their length pays for."""

import time

import pytest

from worker.helpdesks.markdown import parsed


def kinds(text: str) -> list[str]:
    return [child.type for token in parsed(text) if token.type == "inline" for child in token.children or ()]


def addresses(text: str) -> list[object]:
    inline = [token for token in parsed(text) if token.type == "inline"]
    return [child.attrs["href"] for token in inline for child in token.children or () if child.type == "link_open"]


@pytest.mark.parametrize(
    "text", ["    indented", "Kind regards\n--\nYour shop", "[1]: see below", "<b>x</b>", "2*3*4", "a\\b"]
)
def test_what_people_type_is_no_markup(text):
    tokens = parsed(text)
    assert {token.type for token in tokens} == {"paragraph_open", "inline", "paragraph_close"}
    assert set(kinds(text)) <= {"text", "softbreak"}


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "/relative"]
)
def test_only_addresses_that_open_a_page_a_mail_or_a_call_are_links(url):
    assert addresses(f"[here]({url})") == []
    assert addresses("[a](https://a.example) [b](mailto:b@a.example) [c](tel:+4930)") == [
        "https://a.example",
        "mailto:b@a.example",
        "tel:+4930",
    ]


@pytest.mark.parametrize(("far", "url"), [(150, "https://a.example"), (250, "https://a.example_")])
def test_emphasis_that_begins_shortly_before_an_address_ends_with_it(far, url):
    assert addresses(f"See _{'x' * far} https://a.example_") == [url]


def test_the_time_for_addresses_on_one_line_grows_with_their_number():
    def took(count):
        began = time.process_time()
        parsed("Visit https://a.example/" * count)
        return time.process_time() - began

    parsed("https://a.example")
    assert min(took(4_000) for _ in range(3)) < 8 * min(took(1_000) for _ in range(3))


@pytest.mark.parametrize(
    "text", ["https://" * 2_500, "`" * 20_000, "*a" * 10_000, "[" * 20_000, "> " * 5_000, "| a " * 5_000, "_a " * 6_000]
)
def test_a_text_that_is_made_to_cost_time_costs_little(text):
    began = time.process_time()
    parsed(text)
    assert time.process_time() - began < 5.0
