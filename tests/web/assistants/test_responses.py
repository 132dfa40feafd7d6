"""Responses; tests/integration asks with the client of OpenAI."""

import json

import pytest

from tests.web.assistants.conftest import ANSWER, HANDOFF


def test_an_answer_is_a_message_with_its_sources_as_annotations(call, answers_with):
    asked = answers_with(ANSWER)
    response = call("POST", "/v1/responses", json={"model": "answerback", "input": "How do I delete cookies?"})
    assert response.status_code == 200, response.json
    (item,) = response.json["output"]
    (part,) = item["content"]
    assert part["text"] == ANSWER["answer"]["text"]
    assert part["annotations"][0]["url"] == "https://help.example/cookies"
    assert response.json["usage"]["total_tokens"] == 10
    assert asked[0]["question"] == "How do I delete cookies?"


def test_a_list_of_messages_has_turns(call, answers_with):
    asked = answers_with(HANDOFF)
    given = [
        {"role": "user", "content": "Do you ship to Norway?"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]},
        {"role": "user", "content": [{"type": "input_text", "text": "How much is it?"}]},
    ]
    (item,) = call("POST", "/v1/responses", json={"input": given}).json["output"]
    assert [part["type"] for part in item["content"]] == ["output_text", "refusal"]
    assert [turn["content"] for turn in asked[0]["turns"]] == ["Do you ship to Norway?", "Yes."]


def test_a_stream_has_the_same_text(call, answers_with):
    answers_with(ANSWER)
    response = call("POST", "/v1/responses", json={"input": "How?", "stream": True})
    events = [json.loads(block.split("data: ")[1]) for block in response.text.split("\n\n") if block]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert (events[0]["type"], events[-1]["type"]) == ("response.created", "response.completed")
    deltas = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert "".join(deltas) == ANSWER["answer"]["text"]


@pytest.mark.parametrize("given", [None, 5, [], ["x"], {"role": "user"}, "  "])
def test_what_is_no_question_is_refused(call, given):
    response = call("POST", "/v1/responses", json={"input": given})
    assert (response.status_code, response.json["error"]["param"]) == (422, "input")
