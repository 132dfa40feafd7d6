"""Sources in the console: how they are doing, and buttons."""

import dataclasses
import threading

import pytest

from tests.worker.sources.site import HelpCentre, look, runner_of, sources_of
from worker.states import SourceKind


@pytest.fixture
def centre():
    with HelpCentre() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        for number in range(6):
            server.write(f"/page-{number}", f"About {number}.")
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def runner(app, services):
    front = app.extensions["answerback"]
    app.extensions["answerback"] = dataclasses.replace(front, sources=sources_of(front.store, front.library))
    return runner_of(front.store, front.library)


def test_a_source_is_made_and_shows_what_a_look_found_and_a_loss_is_accepted(
    app, services, browser, reader, runner, centre
):
    workspace_id = services.keys.workspace()
    form = {"kind": "sitemap", "location": f"{centre.url}/sitemap.xml", "name": "<help>", "tags": "a, b"}
    assert browser.post("/console/knowledge/sources", **form).status_code == 303
    look(runner, workspace_id)
    page = browser.get("/console/knowledge/sources").text
    assert "&lt;help&gt;" in page
    assert "6 added, 0 changed, 0 gone" in page
    (source,) = app.extensions["answerback"].sources.page(workspace_id)[0]
    assert source["tags"] == ["a", "b"]
    for number in range(4):
        centre.drop(f"/page-{number}")
    url = f"/console/knowledge/sources/{source['id']}"
    assert browser.post(f"{url}/look").status_code == 303
    look(runner, workspace_id)
    page = browser.get("/console/knowledge/sources").text
    assert "4 of its 6 documents would be gone" in page
    assert "Accept the loss" in page
    assert "Accept the loss" not in reader.get("/console/knowledge/sources").text
    browser.post(f"{url}/accept")
    look(runner, workspace_id)
    assert "held" in browser.get(url).text
    assert ">2<" in browser.get("/console/knowledge/sources").text
    browser.post(f"{url}/pause")
    assert "Resume" in browser.get("/console/knowledge/sources").text
    browser.post(f"{url}/resume")
    browser.post(f"{url}/remove_documents")
    assert "No sources." in browser.get("/console/knowledge/sources").text


def test_a_form_with_a_bad_value_is_shown_again_with_the_reason(browser, runner):
    form = {"kind": "page", "location": "/etc/passwd", "name": "mine", "interval_s": "abc"}
    answer = browser.post("/console/knowledge/sources", **form)
    assert answer.status_code == 422
    assert "/etc/passwd" in answer.text
    assert 'role="alert"' in answer.text


def test_the_form_has_each_kind_and_says_what_a_location_has_to_be(browser, runner):
    page = browser.get("/console/knowledge/sources").text
    assert [kind for kind in SourceKind if f'<option value="{kind}"' not in page] == []
    form = {"kind": "confluence", "location": "http://127.0.0.1/wiki", "token": "very-secret"}
    assert browser.post("/console/knowledge/sources", **{**form, "kind": "notion"}).status_code == 422
    refused = browser.post("/console/knowledge/sources", kind="s3", location="http://127.0.0.1/b-1", access_key="AKIA1")
    assert (refused.status_code, "an access key with its secret key" in refused.text) == (422, True)
    assert 'value="AKIA1"' in refused.text
    assert browser.post("/console/knowledge/sources", **form).status_code == 303
    assert "very-secret" not in browser.get("/console/knowledge/sources").text


def test_the_list_alone_is_refreshed(browser, runner):
    page = browser.get("/console/knowledge/sources", headers={"HX-Request": "true"}).text
    assert "<html" not in page


def test_only_who_may_write_changes_sources(reader, runner):
    assert reader.post("/console/knowledge/sources", kind="page", location="https://a.example").status_code == 403
    assert "Add a source" not in reader.get("/console/knowledge/sources").text
