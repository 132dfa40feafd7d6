"""Mailboxes in the console: connected by server and password, tested, paused, and what became of their mail."""

import dataclasses
import ipaddress
import re

import pytest

from tests.support.mails import MailStory, mail
from tests.support.places import Mailbox
from tests.web.console.browser import XSS
from worker.mailboxes.bounces import suppress
from worker.store.tables import mailbox

FORM = {
    "name": "support",
    "address": "support@desk.example",
    "imap_server": "imap.desk.example",
    "smtp_server": "smtp.desk.example:587",
    "password": "p@ss/word",
    "mode": "draft",
    "team": "@desk.example, ola@other.example",
}


@pytest.fixture
def settings(settings):
    """The mail server of the test is on this machine."""
    return dataclasses.replace(settings, callback_allow=(ipaddress.ip_network("127.0.0.0/8"),))


@pytest.fixture
def outbox():
    return Mailbox()


@pytest.fixture
def story(call, services, outbox):
    with outbox.serving() as url:
        yield MailStory(call, services, outbox, url)


def test_a_mailbox_is_connected_by_its_servers_and_a_password(browser, services):
    assert "No mailbox is connected" in browser.get("/console/mailboxes").text
    made = browser.post("/console/mailboxes/new", **FORM)
    assert made.status_code == 303, made.text
    (row,) = services.mailboxes.all(services.keys.workspace())
    kept = services.mailboxes.get(services.keys.workspace(), row["id"])
    opened = services.store.sealing.open_url
    assert opened(kept.imap_url) == "imaps://support%40desk.example:p%40ss%2Fword@imap.desk.example"
    assert opened(kept.smtp_url) == "smtp://support%40desk.example:p%40ss%2Fword@smtp.desk.example:587"
    assert kept.team == ["@desk.example", "ola@other.example"]
    page = browser.get(made.headers["Location"]).text
    assert "No mail yet" in page
    assert "p%40ss" not in page
    assert "p@ss" not in page
    assert "not read yet" in browser.get("/console/mailboxes").text


def test_without_a_password_the_page_says_how_to_consent_and_then_what_became_of_the_consent(browser, reader, services):
    made = browser.post("/console/mailboxes/new", **FORM | {"password": ""})
    assert made.status_code == 303, made.text
    path = made.headers["Location"]
    assert "answerback mailbox authorize support" in browser.get(path).text
    owner = services.keys.workspace()
    (row,) = services.mailboxes.all(owner)
    given = {"provider": "google", "client_id": "x", "refresh_token": "refresh-1"}
    services.mailboxes.change(owner, row["id"], {"oauth": given})
    page = reader.get(path).text
    assert "google, connected" in page
    assert "authorize" not in page
    ended = {**services.mailboxes.get(owner, row["id"]).oauth, "state": "consent_needed", "error": f"revoked {XSS}"}
    with services.store.begin() as tx:
        tx.execute(mailbox.update().values(oauth=ended))
    page = reader.get(path).text
    assert "google, consent needed" in page
    assert "revoked &lt;" in page
    assert "answerback mailbox authorize support" in page
    with_password = browser.post("/console/mailboxes/new", **FORM | {"name": "b", "address": "b@desk.example"})
    assert "authorize" not in browser.get(with_password.headers["Location"]).text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"address": "nobody"}, "support@example.com"),
        ({"imap_server": "https://imap.desk.example"}, "write a host"),
        ({"imap_server": ""}, "imap_url"),
        ({"name": ""}, "name"),
    ],
)
def test_what_was_typed_wrong_is_said_and_the_rest_kept(browser, services, wrong, said):
    page = browser.post("/console/mailboxes/new", **FORM | wrong)
    assert page.status_code == 422
    assert said in page.text
    assert 'value="smtp.desk.example:587"' in page.text
    assert "p@ss" not in page.text
    assert services.mailboxes.all(services.keys.workspace()) == []


def test_the_page_says_what_became_of_each_mail(browser, reader, story):
    story.receive(mail(subject=XSS[:60]))
    story.answers()
    story.receive(mail(subject="Out of office", id="2@shop.example", sender=f"Desk <{FORM['address']}>"))
    page = reader.get(f"/console/mailboxes/{story.id}").text
    assert "<script>alert" not in page
    conversation = story.conversations[0]["id"]
    assert f"/console/conversations/{conversation}" in page
    assert "From</span> ann@shop.example" in page
    assert "To</span> ann@shop.example" in page
    assert re.search(r'href="/console/[^"]+/whd_[^"]+"><span class="badge delivered">sent<', page)
    assert "It is from the mailbox itself." in page
    assert "Disconnect" not in page
    listed = browser.get("/console/mailboxes").text
    assert listed.count("<time") == 2


def test_a_mailbox_is_tested_paused_and_disconnected(browser, writer, story, services):
    path = f"/console/mailboxes/{story.id}"
    checked = browser.post(f"{path}/check")
    assert "smtp: OK" in checked.text
    assert "authserv_id" not in checked.text
    assert browser.post(f"{path}/change", state="disabled").status_code == 303
    assert "paused" in browser.get("/console/mailboxes").text
    assert browser.post(f"{path}/change", mode="draft").status_code == 422  # it has no folder for drafts
    assert browser.post(f"{path}/change", state="enabled", mode="shadow").status_code == 303
    row = services.mailboxes.show(services.keys.workspace(), story.id)
    assert (row["state"], row["mode"]) == ("enabled", "shadow")
    for action in ("check", "change", "remove", "allow"):
        assert writer.post(f"{path}/{action}").status_code == 403
    assert browser.post(f"{path}/remove").status_code == 303
    assert services.mailboxes.all(services.keys.workspace()) == []


def test_an_address_that_bounced_is_shown_and_allowed_again(browser, story, services):
    box = services.mailboxes.get(services.keys.workspace(), story.id)
    with services.store.begin() as tx:
        suppress(services.store, tx, box, "ann@shop.example", "5.1.1 no such user")
    path = f"/console/mailboxes/{story.id}"
    assert "5.1.1 no such user" in browser.get(path).text
    assert browser.post(f"{path}/allow", address="ann@shop.example").status_code == 303
    assert "5.1.1" not in browser.get(path).text


def test_a_mailbox_that_does_not_exist_is_not_found(browser):
    assert browser.get("/console/mailboxes/mbx_none").status_code == 404
