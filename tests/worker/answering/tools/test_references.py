"""References are looked up as RFC 6901 has it, and one that names nothing is an error."""

import pytest

from worker.answering.tools.references import references, target

DOCUMENT = {"paths": {"/orders/{id}": [{"a": 1}, {"~": 2}]}, "$defs": {"a b": {"$ref": "#/paths"}}, "ö": None}


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("#", DOCUMENT),
        ("#/paths/~1orders~1%7Bid%7D/1/~0", 2),
        ("#/$defs/a%20b", {"$ref": "#/paths"}),
        ("#/%C3%B6", None),
    ],
)
def test_a_part_is_found_by_its_path(reference, found):
    assert target(DOCUMENT, reference) == found


@pytest.mark.parametrize(
    "reference", ["#paths", "paths", "#/none", "#/paths/~1orders~1{id}/2", "#/paths/~1orders~1{id}/-1", "#/ö/x"]
)
def test_a_part_that_is_not_there_is_an_error(reference):
    with pytest.raises(LookupError):
        target(DOCUMENT, reference)


def test_references_are_found_at_any_depth():
    assert list(references([DOCUMENT, {"$dynamicRef": "#x", "properties": {"$ref": {"$ref": "y"}}}])) == [
        "#/paths",
        "#x",
        "y",
    ]
