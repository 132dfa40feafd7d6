"""Addresses of links stand in the text, readable, and only where they lead somewhere."""

import pytest

from kb.links import address_of, says, without_addresses

PAGE = "https://shop.example/help/returns"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://shop.example/form", "https://shop.example/form"),
        ("../forms/claim?type=lamp&lang=en", "https://shop.example/forms/claim?type=lamp&lang=en"),
        ("//cdn.shop.example/a (1).pdf", "https://cdn.shop.example/a%20%281%29.pdf"),
        ("mailto:care@shop.example?subject=Return", "care@shop.example"),
        ("tel:+441134960000", "+441134960000"),
        ("#top", None),
        ("returns#how", None),  # the page itself
        ("javascript:print()", None),
        ("data:text/html,x", None),
        ("return-an-item.md", None),  # a file of the export, which the site names otherwise
        ("http://[broken", None),
        ("", None),
    ],
)
def test_only_what_a_customer_can_follow_is_an_address(href, expected):
    assert address_of(href, base=PAGE) == expected


def test_a_relative_link_of_a_file_without_an_address_leads_nowhere():
    assert address_of("/form", base=None) is None


@pytest.mark.parametrize(
    ("text", "address", "expected"),
    [
        ("https://shop.example/form/", "https://shop.example/form", True),
        ("www.shop.example", "https://www.shop.example/", True),
        ("0113 496 0000", "+441134960000", True),
        ("+44 113 496 0000", "+441134960000", True),
        ("return form", "https://shop.example/form", False),
    ],
)
def test_an_address_that_the_text_says_is_not_said_twice(text, address, expected):
    assert says(text, address) is expected


def test_search_reads_a_text_without_the_addresses():
    text = "Fill in the form (https://shop.example/a?b=1) or write to us (care@shop.example), in 5 (five) days."
    assert without_addresses(text) == "Fill in the form or write to us, in 5 (five) days."
