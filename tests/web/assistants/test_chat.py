"""Chat completions; tests/integration asks with the client of OpenAI."""

import json

import pytest

from kb.errors import KnowledgeError
from tests.web.assistants.conftest import ANSWER, HANDOFF

QUESTION = {"model": "answerback", "messages": [{"role": "user", "content": "How do I delete cookies?"}]}


def chunks(response):
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]" or "error" in lines[-1]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def test_an_answer_is_a_message_with_its_sources_as_annotations(call, answers_with):
    asked = answers_with(ANSWER)
    response = call("POST", "/v1/chat/completions", json={**QUESTION, "temperature": 0.2, "tools": []})
    assert response.status_code == 200, response.json
    (choice,) = response.json["choices"]
    message = choice["message"]
    assert (choice["finish_reason"], message["refusal"]) == ("stop", None)
    assert message["content"] == ANSWER["answer"]["text"]
    first = message["annotations"][0]["url_citation"]
    assert message["content"][first["start_index"] : first["end_index"]] == "[1]"
    assert (first["title"], first["url"]) == ("Cookies", "https://help.example/cookies")
    assert response.json["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert response.json["answerback"]["state"] == "answered"
    assert asked[0]["question"] == "How do I delete cookies?"


def test_a_handoff_is_a_refusal_with_its_reason_and_says_so_to_who_reads_the_content(call, answers_with):
    answers_with(HANDOFF)
    (choice,) = call("POST", "/v1/chat/completions", json=QUESTION).json["choices"]
    assert choice["message"]["refusal"] == "no_answer: Nothing is known."
    assert "ask a human" in choice["message"]["content"]


def test_a_stream_has_the_same_text_and_ends(call, answers_with):
    answers_with(ANSWER)
    streamed = {**QUESTION, "stream": True, "stream_options": {"include_usage": True}}
    response = call("POST", "/v1/chat/completions", json=streamed)
    assert response.mimetype == "text/event-stream"
    found = chunks(response)
    deltas = [chunk["choices"][0]["delta"] for chunk in found if chunk["choices"]]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta.get("content", "") for delta in deltas) == ANSWER["answer"]["text"]
    assert found[-2]["choices"][0]["finish_reason"] == "stop"
    assert (found[-1]["choices"], found[-1]["usage"]["total_tokens"]) == ([], 10)


def test_a_failure_reaches_the_client_as_it_reads_errors(call, answers_with):
    answers_with(KnowledgeError("The index is broken."))
    response = call("POST", "/v1/chat/completions", json=QUESTION)
    assert (response.status_code, response.json["error"]["message"]) == (503, "The index is broken.")
    last = chunks(call("POST", "/v1/chat/completions", json={**QUESTION, "stream": True}))[-1]
    assert last["error"]["message"] == "The index is broken."


@pytest.mark.parametrize(
    ("sent", "param"),
    [({}, "messages"), ({"messages": []}, "messages"), ({"messages": [{"role": "assistant"}]}, "messages")],
)
def test_what_is_no_question_is_refused(call, sent, param):
    response = call("POST", "/v1/chat/completions", json=sent)
    assert (response.status_code, response.json["error"]["param"]) == (422, param)


def test_without_a_key_the_error_is_one_that_clients_read(app):
    response = app.test_client().post("/v1/chat/completions", json=QUESTION)
    assert (response.status_code, response.json["error"]["type"]) == (401, "invalid_request_error")


def test_there_is_one_model(call):
    assert [model["id"] for model in call("GET", "/v1/models").json["data"]] == ["answerback"]
