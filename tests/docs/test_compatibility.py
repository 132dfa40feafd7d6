"""A change of the API that breaks clients is declared, or it does not land."""

import copy
import json

import pytest

from docs.compatibility import breaking_changes, undeclared
from docs.generate import description
from tests.support.processes import ROOT

SNAPSHOT = json.loads((ROOT / "docs" / "openapi.json").read_text())
DECLARED = json.loads((ROOT / "docs" / "breaking-changes.json").read_text())

_SCHEMAS = ("components", "schemas")
_TICKETS = ("paths", "/v1/tickets", "post")
_POST = "POST /v1/tickets"
_GET = "GET /v1/messages/{message_id}: response 200"
_STATES = ["queued", "running", "answered", "handed_off", "cancelled"]

#: The path of an object in the description, a key in it with its new value (None: removed), and how that is told.
BREAKING = [
    (("paths",), "/v1/tickets", None, f"{_POST}: removed"),
    (_TICKETS, "operationId", "tickets.make", f"{_POST}: operationId is tickets.make, was tickets.create"),
    ((*_TICKETS, "responses"), "202", None, f"{_POST}: response 202 removed"),
    ((*_TICKETS, "requestBody", "content"), "application/json", None, f"{_POST}: request: application/json removed"),
    ((*_SCHEMAS, "Message", "properties"), "state", None, f"{_GET}: state removed"),
    ((*_SCHEMAS, "Message", "properties", "state"), "enum", _STATES, f"{_GET}: state: value failed removed"),
    ((*_SCHEMAS, "Message", "properties", "seq"), "type", "string", f"{_GET}: seq: type is string, was integer"),
    (
        (*_SCHEMAS, "Message", "properties", "seq"),
        "type",
        ["integer", "null"],
        f"{_GET}: seq: type is integer or null, was integer",
    ),
    ((*_SCHEMAS, "Message"), "required", ["id"], f"{_GET}: seq may be absent now"),
    ((*_SCHEMAS, "Citation", "properties"), "quote", None, f"{_GET}: reply: citations[]: quote removed"),
    ((*_SCHEMAS, "NewTicket"), "required", ["body", "subject"], f"{_POST}: request: subject is required now"),
    ((*_SCHEMAS, "NewTicket", "properties"), "channel", None, f"{_POST}: request: channel removed"),
    (
        (*_SCHEMAS, "NewTicket", "properties", "subject"),
        "minLength",
        1,
        f"{_POST}: request: subject: minLength is 1, was 0",
    ),
    (
        (*_SCHEMAS, "NewTicket", "properties", "subject"),
        "maxLength",
        10,
        f"{_POST}: request: subject: maxLength is 10, was 500",
    ),
]

ADDITIONS = [
    (("paths",), "/v1/news", {"get": {"responses": {}}}),
    ((*_SCHEMAS, "Message", "properties"), "mood", {"type": "string"}),
    ((*_SCHEMAS, "Message", "properties", "state"), "enum", [*_STATES, "failed", "new"]),
    ((*_SCHEMAS, "NewTicket", "properties"), "mood", {"type": "string"}),
    ((*_SCHEMAS, "NewTicket", "properties", "subject"), "maxLength", 1_000),
    ((*_SCHEMAS, "NewTicket", "properties", "subject"), "type", ["string", "null"]),
    ((*_SCHEMAS, "NewHandoff", "properties"), "tone", {"type": "string", "minLength": 0}),
    ((*_TICKETS, "responses"), "418", {"description": "A teapot."}),
    (_TICKETS, "summary", "Another summary."),
]


def _changed(path, key, value):
    changed = copy.deepcopy(SNAPSHOT)
    place = changed
    for part in path:
        place = place[part]
    if value is None:
        del place[key]
    else:
        place[key] = value
    return changed


def test_the_application_breaks_no_client_of_the_description_in_the_repository():
    assert undeclared(SNAPSHOT, description(), DECLARED) == []


def test_each_declared_change_says_why():
    assert all(isinstance(reason, str) and len(reason) > 20 for reason in DECLARED.values())


@pytest.mark.parametrize(("path", "key", "value", "told"), BREAKING, ids=[told for *_, told in BREAKING])
def test_what_breaks_clients_is_found_and_may_be_declared(path, key, value, told):
    changed = _changed(path, key, value)
    assert told in breaking_changes(SNAPSHOT, changed)
    assert told not in undeclared(SNAPSHOT, changed, {told: "Nobody uses it."})


@pytest.mark.parametrize(("path", "key", "value"), ADDITIONS)
def test_additions_break_nobody(path, key, value):
    assert breaking_changes(SNAPSHOT, _changed(path, key, value)) == []


def test_a_parameter_that_is_required_anew_or_gone_breaks_clients():
    path = ("paths", "/v1/conversations", "get")
    parameters = [
        one for one in SNAPSHOT["paths"]["/v1/conversations"]["get"]["parameters"] if one.get("name") != "owner"
    ]
    tenant = {"in": "query", "name": "tenant", "required": True, "schema": {"type": "string"}}
    assert breaking_changes(SNAPSHOT, _changed(path, "parameters", [*parameters, tenant])) == [
        "GET /v1/conversations: query parameter owner removed",
        "GET /v1/conversations: query parameter tenant is required now",
    ]
