"""The categories of the workspace, through the API."""

from worker.categories.category import CATEGORIES

FLEET = {
    "priority": "high",
    "examples": [f"We run {count} vans and need a leasing offer" for count in (5, 12, 30, 44, 80)],
    "counter_examples": ["Where can I park the van that I hired?"],
}
PATH = "/v1/workspace/categories/fleet"


def test_a_category_is_added_listed_replaced_and_deleted(call):
    done = call("PUT", PATH, json=FLEET)
    assert done.status_code == 200, done.text
    assert {**FLEET, "name": "fleet", "updated_at": done.json["updated_at"]} == done.json
    assert call("GET", PATH).json == done.json
    listed = call("GET", "/v1/workspace/categories").json
    assert (listed["items"], listed["built_in"]) == ([done.json], CATEGORIES)
    assert call("PUT", PATH, json={"examples": FLEET["examples"]}).json["priority"] == "normal"
    assert call("DELETE", PATH).status_code == 204
    assert call("DELETE", PATH).status_code == 404
    assert call("GET", PATH).status_code == 404


def test_what_cannot_work_is_refused_with_the_reason(call):
    refused = call("PUT", PATH, json={"examples": FLEET["examples"][:2]})
    assert refused.status_code == 422
    assert "between 5 and 200" in refused.text
    assert call("PUT", "/v1/workspace/categories/Fl%C3%A4et", json=FLEET).status_code == 422


def test_only_an_administrator_changes_categories_and_the_audit_log_says_so(call, services):
    call("PUT", PATH, json=FLEET)
    assert call("GET", "/v1/audit").json["items"][0]["action"] == "categories.put"
    call.key = services.keys.make(services.keys.workspace(), name="w", scopes=["read", "write"])
    assert call("GET", PATH).json["name"] == "fleet"
    assert call("PUT", PATH, json=FLEET).status_code == 403
    assert call("DELETE", PATH).status_code == 403
    call.key = services.keys.make(services.keys.workspace("other"), name="o", scopes=["admin"])
    assert call("GET", PATH).status_code == 404


def test_a_check_is_what_a_worker_says_and_503_without_one(call, services, monkeypatch):
    call("PUT", PATH, json=FLEET)
    assert call("GET", "/v1/workspace/categories/other/check").status_code == 404
    said = {"examples": 5, "recognised": 4, "missed": [FLEET["examples"][0]], "false_alarms": []}
    monkeypatch.setattr(services.search_client, "category_checks", lambda _workspace_id: {"fleet": said})
    assert call("GET", f"{PATH}/check").json == said
