"""The settings of the workspace, through the API."""


def settings_of(call):
    shown = call("GET", "/v1/settings")
    assert shown.status_code == 200, shown.text
    return {item["name"]: item for item in shown.json["items"]}


def test_a_setting_is_overridden_shown_with_its_default_and_taken_back(call):
    before = settings_of(call)["min_confidence"]
    assert (before["value"], before["default"], before["source"]) == (0.35, 0.35, "default")
    done = call("PATCH", "/v1/settings", json={"min_confidence": 0.6, "prices": ["large=1/2"]})
    assert done.status_code == 200, done.text
    assert done.headers["ETag"] == '"1"'
    after = settings_of(call)["min_confidence"]
    assert (after["value"], after["default"], after["source"]) == (0.6, 0.35, "workspace")
    assert call("PATCH", "/v1/settings", json={"min_confidence": None}).json["version"] == 2
    assert settings_of(call)["min_confidence"]["source"] == "default"
    assert settings_of(call)["prices"]["value"] == ["large=1/2"]


def test_wrong_settings_are_refused_by_name_and_nothing_is_saved(call):
    new = {"use_tools": False, "min_confidence": "high", "port": 80, "no_such": 1}
    refused = call("PATCH", "/v1/settings", json=new)
    assert refused.status_code == 422
    problems = {problem["field"]: problem["message"] for problem in refused.json["errors"]}
    assert problems["min_confidence"] == "Must be a number from 0 to 1, not 'high'."
    assert "ANSWERBACK_PORT" in problems["port"]
    assert set(problems) == {"min_confidence", "port", "no_such"}
    assert settings_of(call)["use_tools"]["source"] == "default"
    inside = call("PATCH", "/v1/settings", json={"openai_base_url": "http://127.0.0.1:6379"})
    assert "ANSWERBACK_MODEL_ALLOW" in inside.json["errors"][0]["message"]


def test_what_somebody_changed_meanwhile_is_not_replaced(call):
    tag = call("GET", "/v1/settings").headers["ETag"]
    assert call("PATCH", "/v1/settings", json={"use_tools": False}, headers={"If-Match": tag}).status_code == 200
    late = call("PATCH", "/v1/settings", json={"use_tools": True}, headers={"If-Match": tag})
    assert (late.status_code, late.json["code"]) == (412, "settings_changed")
    assert settings_of(call)["use_tools"]["value"] is False
    strange = call("PATCH", "/v1/settings", json={"use_tools": True}, headers={"If-Match": "one"})
    assert (strange.status_code, strange.json["errors"][0]["field"]) == (422, "If-Match")


def test_a_secret_is_taken_and_never_shown_again(call):
    new = {"openai_api_key": "sk-very-secret", "models": ["small"]}
    assert call("PATCH", "/v1/settings", json=new).status_code == 200
    shown = settings_of(call)["openai_api_key"]
    assert (shown["is_set"], shown["value"], shown["source"]) == (True, None, "workspace")
    audited = call("GET", "/v1/audit")
    assert audited.json["items"][0]["changes"] == [
        {"name": "openai_api_key", "before": None, "after": "(secret)"},
        {"name": "models", "before": None, "after": ["small"]},
    ]
    assert "sk-very-secret" not in audited.text
    assert "sk-very-secret" not in call("GET", "/v1/settings").text


def test_only_administrators_see_and_change_settings_and_only_their_own(call, services):
    call("PATCH", "/v1/settings", json={"use_tools": False})
    workspace_id = services.keys.workspace()
    call.key = services.keys.make(workspace_id, name="w", scopes=["read", "write"])
    assert call("GET", "/v1/settings").status_code == 403
    assert call("PATCH", "/v1/settings", json={}).status_code == 403
    call.key = services.keys.make(services.keys.workspace("other"), name="o", scopes=["admin"])
    assert settings_of(call)["use_tools"]["source"] == "default"
