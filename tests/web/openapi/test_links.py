"""Links lead from what was created to what can be done with it, and what they lead to is answered as described."""

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode

from tests.support.stack import KEY
from tests.web.openapi.test_generated_requests import _CHECKS, _ELSEWHERE

#: What is created and then read, changed and ended; all 112 operations together find fewer ways in the same time.
_STORIES = "^/v1/(conversations|tickets|messages|memories)"

#: Streams do not end by themselves.
_STREAMS = {"GET /v1/messages/{message_id}/events", "GET /v1/conversations/{conversation_id}/events"}


def test_a_response_that_creates_something_links_to_the_operations_on_it(spec):
    links = spec["paths"]["/v1/tickets"]["post"]["responses"]["202"]["links"]
    assert links["messages.retrieve"] == {
        "operationId": "messages.retrieve",
        "parameters": {"message_id": "$response.body#/id"},
    }
    assert links["conversations.close"]["parameters"] == {"conversation_id": "$response.body#/conversation_id"}
    endpoints = spec["paths"]["/v1/endpoints"]["post"]["responses"]["201"]["links"]
    assert {"endpoints.retrieve", "endpoints.update", "endpoints.delete"} <= set(endpoints)


def test_stories_along_the_links_are_answered_as_described(app, services):
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    schema = schema.include(path_regex=_STORIES).exclude(
        lambda context: context.operation.label in _ELSEWHERE | _STREAMS
    )
    schema.config.generation.update(modes=[GenerationMode.POSITIVE])
    schema.config.phases.stateful.inference.algorithms = []  # those of the description alone
    steps: list[tuple[str, int]] = []

    class Story(schema.as_state_machine()):
        def get_call_kwargs(self, case):
            return {"headers": {"Authorization": f"Bearer {KEY}"}}

        def validate_response(self, response, case, **_options):
            steps.append((case.operation.label, response.status_code))
            case.validate_response(response, checks=_CHECKS)

    Story.run(
        settings=settings(
            max_examples=8,
            stateful_step_count=8,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
    )
    followed = [label for label, status in steps if "{" in label and status < 300]
    assert len(set(followed)) >= 3, steps  # ids that are made up are never found
