"""Connect, set up, change and disconnect helpdesks in the console."""

import re

import pytest

from tests.web.console.browser import XSS
from worker.helpdesks.options import OPTIONS

NEW = "/console/helpdesks/new/zendesk"
FORM = {
    "name": "support",
    "url": "https://a.zendesk.com",
    "token": "very-secret",
    "option-email": "bot@a.example",
    "option-bot_id": "900",
    "mode": "reply",
}


def connected(services):
    return services.connections.all(services.keys.workspace())


def stored(services, name):
    """Return a secret of the helpdesk `support` as its connector gets it."""
    row = services.connections.named(services.keys.workspace(), "support")
    return services.store.sealing.open(getattr(row, name))


def test_a_helpdesk_is_connected_set_up_changed_and_disconnected(browser, services):
    assert NEW in browser.get("/console/helpdesks").text
    made = browser.post(NEW, **FORM, languages="en, de", hours="Europe/Berlin\nmon 09:00-17:30\nTue 10:00 - 16:00")
    assert made.status_code == 200, made.text
    (helpdesk,) = connected(services)
    assert helpdesk["mode"] == "reply"
    assert helpdesk["hours"] == {"timezone": "Europe/Berlin", "mon": "09:00-17:30", "tue": "10:00-16:00"}
    assert f"http://localhost/v1/helpdesks/{helpdesk['id']}/inbound" in made.text
    secret = re.search(r'class="secret"[^>]*>([^<]+)<', made.text)[1]
    assert stored(services, "webhook_secret") == secret

    later = browser.get(f"/console/helpdesks/{helpdesk['id']}/setup").text
    assert "Create webhook" in later
    edit = f"/console/helpdesks/{helpdesk['id']}/edit"
    page = browser.get(edit).text
    assert "Europe/Berlin\nmon 09:00-17:30" in page
    assert secret not in later + page
    assert "very-secret" not in later + page
    assert browser.post(edit, url="https://b.zendesk.com", languages="", hours="").status_code == 303
    (helpdesk,) = connected(services)
    assert (helpdesk["url"], helpdesk["hours"], helpdesk["languages"]) == ("https://b.zendesk.com", None, None)
    assert stored(services, "token") == "very-secret"

    assert browser.post(f"/console/helpdesks/{helpdesk['id']}/remove").status_code == 303
    assert connected(services) == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"url": "https://10.0.0.1"}, "private or reserved address"),
        ({"token": ""}, "needs a token"),
        ({"option-bot_id": "bob"}, "bot_id must be a number"),
        ({"option-email": ""}, "needs email"),
        ({"hours": "Mars/Olympus\nmon 09:00-17:30"}, "timezone must be a name"),
        ({"hours": "Europe/Berlin\nmonday"}, "such as: mon 09:00-17:30"),
        ({"languages": "english"}, "languages"),
        ({"name": ""}, "name"),
    ],
)
def test_what_is_wrong_with_a_connection_is_said_and_what_was_typed_stays(browser, services, wrong, problem):
    refused = browser.post(NEW, **{**FORM, **wrong})
    assert refused.status_code == 422
    assert problem in refused.text
    assert 'value="bot@a.example"' in refused.text or "option-email" in wrong
    assert "very-secret" not in refused.text
    assert connected(services) == []


def test_every_kind_has_a_form_and_only_administrators_connect(browser, writer, services):
    for kind in OPTIONS:
        page = browser.get(f"/console/helpdesks/new/{kind}")
        assert page.status_code == 200
        assert all(f'name="option-{name}"' in page.text for name in OPTIONS[kind])
    assert browser.get("/console/helpdesks/new/other").status_code == 404
    assert browser.post("/console/helpdesks/new/other").status_code == 404
    assert writer.get(NEW).status_code == 403
    assert writer.post(NEW, **FORM).status_code == 403
    assert "<script>alert" not in browser.post(NEW, **{**FORM, "name": XSS, "hours": XSS}).text
