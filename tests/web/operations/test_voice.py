"""The voice of the workspace, through the API."""

from dataclasses import replace

from tests.support.fakes import answer
from tests.web.calls import answer_all, submit
from worker.states import ReplyKind
from worker.voice.voice import DEFAULT_VOICE

VOICE = {
    "name": "Mia",
    "languages": ["en", "de"],
    "avoided_topics": [{"name": "legal advice"}],
    "channels": {"email": {"greeting": "Hello {customer},", "citations": "none"}},
}


def test_a_voice_is_set_whole_and_shown_with_its_defaults(call):
    shown = call("GET", "/v1/workspace/voice")
    assert shown.json == {**DEFAULT_VOICE.to_api(), "updated_at": None}
    done = call("PUT", "/v1/workspace/voice", json=VOICE)
    assert done.status_code == 200, done.text
    assert done.json["avoided_topics"] == [{"name": "legal advice", "phrases": []}]
    assert done.json["channels"]["email"] == {
        "greeting": "Hello {customer},",
        "greets": "first_reply",
        "signature": None,
        "citations": "none",
    }
    assert call("GET", "/v1/workspace/voice").json == done.json
    assert done.json["updated_at"].startswith("20")
    sent_back = {name: value for name, value in done.json.items() if name != "updated_at"}
    assert call("PUT", "/v1/workspace/voice", json=sent_back).status_code == 200
    assert call("PUT", "/v1/workspace/voice", json={}).json["name"] is None


def test_only_an_administrator_sets_the_voice_and_the_audit_log_says_so(call, services):
    assert call("PUT", "/v1/workspace/voice", json=VOICE).status_code == 200
    assert call("GET", "/v1/audit").json["items"][0]["action"] == "voice.put"
    workspace_id = services.keys.workspace()
    call.key = services.keys.make(workspace_id, name="w", scopes=["read", "write"])
    assert call("GET", "/v1/workspace/voice").json["name"] == "Mia"
    assert call("PUT", "/v1/workspace/voice", json={}).status_code == 403
    call.key = services.keys.make(services.keys.workspace("other"), name="o", scopes=["admin"])
    assert call("GET", "/v1/workspace/voice").json["name"] is None


def test_a_wrong_voice_is_refused_with_the_fields_at_fault(call):
    refused = call("PUT", "/v1/workspace/voice", json={"channels": {"email": {"citations": "footnotes"}}, "loud": True})
    assert refused.status_code == 422
    assert "channels" in refused.text
    assert "loud" in refused.text


def test_a_reply_names_its_kind_its_options_and_its_form(call, services):
    message = submit(call)
    asked = replace(
        answer("Which?\n- A\n- B"),
        kind=ReplyKind.CLARIFICATION,
        options=("A", "B"),
        author="Mia",
        greeting="Hello,",
        signature="Mia",
    )
    answer_all(services, asked)
    ended = call("GET", f"/v1/messages/{message['id']}").json
    reply = ended["reply"]
    assert (ended["state"], reply["kind"], reply["options"]) == ("answered", "clarification", ["A", "B"])
    assert (reply["content"], reply["text"]) == ("Which?\n- A\n- B", "Hello,\n\nWhich?\n- A\n- B\n\nMia")
    listed = call("GET", f"/v1/conversations/{ended['conversation_id']}/messages").json["items"]
    assert [item["author"] for item in listed] == [None, "Mia"]
    (day,) = call("GET", "/v1/quality?days=1").json["days"]
    assert (day["answered"], day["clarified"]) == (0, 1)
