"""Records are read whatever their form, within their limits."""

import json

import pytest

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers.records import read_json, read_json_lines, read_yaml


def test_a_record_without_a_question_is_a_line_of_its_names_and_values():
    assert list(read_json('[{"service": "Express", "price": 9, "until": null}]')) == [
        ("line", 0, "service: Express · price: 9", "")
    ]


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "NaN,"])
def test_what_is_no_json_says_so(text):
    with pytest.raises(DocumentUnreadable, match="JSON cannot be read"):
        list(read_json(text))


def test_too_many_records_are_refused():
    with pytest.raises(DocumentTooLarge, match="20,000 records"):
        list(read_json(json.dumps(list(range(20_001)))))


def test_lines_of_which_none_is_json_say_so():
    with pytest.raises(DocumentUnreadable, match="No line"):
        list(read_json_lines("a\nb\n"))


def test_aliases_that_multiply_end():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(DocumentTooLarge, match="unfolds"):
        list(read_yaml("\n".join(lines)))


@pytest.mark.parametrize("text", ["a: [", "a: &a [*a]", "\t- x: y: z"])
def test_what_is_no_yaml_says_so(text):
    with pytest.raises((DocumentUnreadable, DocumentTooLarge)):
        list(read_yaml(text))
