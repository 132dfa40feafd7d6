"""Sources: made, looked at, paused and deleted over HTTP."""

import dataclasses
import threading

import pytest

from tests.worker.sources.site import HelpCentre, look, runner_of, sources_of
from worker.addresses import Guard
from worker.sources.sources import Sources


@pytest.fixture
def centre():
    with HelpCentre() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        for path in ("/returns", "/delivery", "/payment"):
            server.write(path, f"About {path}.")
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def services(app, services):
    """The same, with sources on this machine."""
    front = app.extensions["answerback"]
    app.extensions["answerback"] = dataclasses.replace(front, sources=sources_of(front.store, front.library))
    return services


def test_a_source_is_made_looked_at_changed_paused_and_deleted(call, services, centre):
    runner, workspace_id = runner_of(services.store, services.library), services.keys.workspace()
    body = {"kind": "sitemap", "location": f"{centre.url}/sitemap.xml", "name": "help", "tags": ["a"]}
    made = call("POST", "/v1/sources", json=body)
    assert (made.status_code, made.json["state"], made.json["tags"]) == (202, "queued", ["a"])
    url = made.headers["Location"]
    look(runner, workspace_id)
    shown = call("GET", url).json
    assert (shown["documents"], shown["last_run"]["added"], shown["error"]) == (3, 3, None)
    assert {item["source"] for item in call("GET", "/v1/documents?tag=a").json["items"]} == {"help"}
    centre.drop("/payment")
    assert call("POST", f"{url}/look", json={"accept_loss": True}).status_code == 202
    look(runner, workspace_id)
    runs = call("GET", f"{url}/runs").json
    assert [(run["state"], run["added"], run["gone"]) for run in runs["items"]] == [("done", 0, 1), ("done", 3, 0)]
    assert call("GET", f"{url}/runs?state=held").json["items"] == []
    assert call("PATCH", url, json={"interval_s": 3_600}).json["interval_s"] == 3_600
    assert call("POST", f"{url}/pause").json["state"] == "paused"
    assert call("POST", f"{url}/look").status_code == 409
    assert call("POST", f"{url}/resume").json["state"] == "queued"
    assert [item["id"] for item in call("GET", "/v1/sources?kind=sitemap").json["items"]] == [shown["id"]]
    assert call("GET", "/v1/sources?kind=feed").json["items"] == []
    assert call("DELETE", f"{url}?documents=delete").status_code == 204
    assert call("GET", url).status_code == 404
    assert call("GET", "/v1/documents").json["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "ftp", "location": "https://a.example"}, "kind"),
        ({"kind": "page"}, "location"),
        ({"kind": "page", "location": "http://169.254.169.254/x"}, "location"),
        ({"kind": "page", "location": "https://a.example", "interval_s": 5}, "interval_s"),
        ({"kind": "page", "location": "https://a.example", "audience": "all"}, "audience"),
        ({"kind": "page", "location": "https://a.example", "state": "idle"}, "state"),
        ({"kind": "folder", "location": "/etc"}, "location"),
        ({"kind": "intercom", "location": "https://a.example"}, "token"),
        ({"kind": "notion", "location": "https://www.notion.so/Help", "token": "t"}, "location"),
        ({"kind": "s3", "location": "https://a.example/bucket", "token": "t"}, "access_key"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(call, body, field):
    answer = call("POST", "/v1/sources", json=body)
    assert answer.status_code == 422, answer.json
    assert field in str(answer.json)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "confluence", "location": "https://a.atlassian.net/wiki/spaces/HELP", "email": "bot@a.example"},
        {"kind": "notion", "location": "https://api.notion.com"},
        {"kind": "freshdesk", "location": "https://a.freshdesk.com"},
        {"kind": "chatwoot", "location": "https://app.chatwoot.com/app/accounts/1/portals/help"},
    ],
)
def test_a_token_is_taken_and_never_shown(call, app, body):
    front = app.extensions["answerback"]
    guard = Guard(resolve=lambda _host, _port: ["93.184.216.34"])
    sources = Sources(front.store, front.library, guard, roots=())
    app.extensions["answerback"] = dataclasses.replace(front, sources=sources)
    made = call("POST", "/v1/sources", json={**body, "token": "very-secret"})
    assert made.status_code == 202, made.json
    assert (made.json["kind"], made.json["has_token"]) == (body["kind"], True)
    assert "very-secret" not in f"{made.json}{call('GET', made.headers['Location']).json}"


LISTS = {
    "/v1/conversations": {"owner": "nobody", "created_after": "yesterday", "created_before": "2026"},
    "/v1/escalations": {"state": "x", "reason": "x", "priority": "x", "created_after": "x"},
    "/v1/documents": {"state": "x", "audience": "x", "language": "English", "created_after": "x", "tag": " a"},
    "/v1/imports": {"state": "x", "kind": "x", "created_before": "x"},
    "/v1/sources": {"state": "x", "kind": "x", "created_before": "x"},
    "/v1/deliveries": {"state": "x", "kind": "x", "status": "x", "created_after": "x"},
    "/v1/endpoints": {"state": "x", "created_after": "x"},
    "/v1/audit": {"via": "x", "created_after": "x"},
    "/v1/memories": {"created_after": "x"},
}


@pytest.mark.parametrize("path", LISTS)
def test_each_list_refuses_a_bad_filter_by_its_name_and_takes_a_time(call, path):
    for name, value in {**LISTS[path], "unknown": "x", "limit": "0"}.items():
        answer = call("GET", f"{path}?{name}={value}")
        assert answer.status_code == 422, (path, name)
        assert [error["field"] for error in answer.json["errors"]] == [name], answer.json
    assert call("GET", f"{path}?created_after=2026-11-23T10:00:00Z").status_code == 200


def test_documents_are_listed_by_state_source_language_tag_and_audience(call, services):
    for title, fields in (
        ("One", {"source": "help", "language": "en", "tags": ["a", "b"]}),
        ("Two", {"source": "blog", "language": "de", "tags": ["b"], "audience": "internal"}),
    ):
        assert call("POST", "/v1/documents", json={"title": title, "text": "Text.", **fields}).status_code == 202
    for query, titles in {
        "source=help": ["One"],
        "language=de": ["Two"],
        "tag=b": ["Two", "One"],
        "tag=a&language=en": ["One"],
        "tag=a&language=de": [],
        "audience=internal": ["Two"],
        "state=queued": ["Two", "One"],
        "state=ready": [],
        "created_before=2020-01-01T00:00:00Z": [],
    }.items():
        found = [item["title"] for item in call("GET", f"/v1/documents?{query}").json["items"]]
        assert found == titles, query
