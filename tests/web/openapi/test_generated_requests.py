"""Generated requests: no 5xx, and every response matches the OpenAPI description."""

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.stack import KEY

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

#: These need a worker or do not end by themselves; the integration tests call them on the real thing.
_ELSEWHERE = {"POST /v1/answers", "POST /v1/chat/completions", "POST /v1/responses", "POST /v1/search"}
_ELSEWHERE |= {"GET /v1/reports/topics", "GET /v1/workspace/categories/{name}/check"}
_ELSEWHERE |= {"GET /v1/events/stream"}
#: Bodies that are no JSON: tests/web/conversations and tests/web/integrations try them.
_ELSEWHERE |= {"POST /v1/tickets/bulk", "POST /v1/mailboxes/{mailbox_id}/inbound"}

_SETTINGS = settings(
    max_examples=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def test_every_response_to_generated_input_matches_the_description(app, services):
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    headers = {"Authorization": f"Bearer {KEY}"}
    seen: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.label in _ELSEWHERE:
            continue
        statuses = seen.setdefault(operation.label, set())

        _exercise(operation, headers, statuses)
    assert len(seen) >= 24
    assert 202 in seen["POST /v1/tickets"]
    assert 404 in seen["GET /v1/messages/{message_id}"]


def _exercise(operation, headers: dict[str, str], statuses: set[int]) -> None:
    @_SETTINGS
    @given(case=operation.as_strategy())
    def run(case):
        response = case.call(headers=headers)
        statuses.add(response.status_code)
        case.validate_response(response, checks=_CHECKS)

    run()
