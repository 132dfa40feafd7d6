"""The errors of an operation follow from what it takes, and from what it says itself."""

import pytest

from web.http.auth import public
from web.http.codes import CODES
from web.http.operations import Operation
from web.openapi import errors


def _view():
    """Do nothing."""


@pytest.mark.parametrize(
    ("call", "own", "codes"),
    [
        ({}, (), set()),
        ({"parameters": [{"in": "path"}]}, (), {"not_found"}),
        ({"parameters": [{"in": "query"}]}, (), {"invalid"}),
        (
            {"requestBody": {}},
            ("conflict",),
            {"malformed", "too_large", "unsupported_media_type", "invalid", "conflict"},
        ),
    ],
)
def test_what_an_operation_takes_tells_its_errors(call, own, codes):
    found = errors.codes_of(Operation("x.y", own), _view, call)
    assert set(found) == codes | {"internal", "database_unavailable", "key_refused", "forbidden", "rate_limited"}
    assert [CODES[code].status for code in found] == sorted(CODES[code].status for code in found)


def test_a_public_operation_has_no_errors_of_keys():
    assert errors.codes_of(Operation("x.y"), public(lambda: None), {}) == ["internal", "database_unavailable"]


def test_codes_of_one_status_share_a_response_with_an_example_each():
    components = {"responses": {}, "examples": {}}
    found = errors.responses(["address_refused", "invalid", "rate_limited"], components)
    assert list(found) == ["422", "429"]
    shared = components["responses"]["address_refused.invalid"]
    assert set(shared["content"]["application/problem+json"]["examples"]) == {"address_refused", "invalid"}
    assert "Retry-After" in components["responses"]["rate_limited"]["headers"]
    assert components["examples"]["error.invalid"]["value"]["errors"]
