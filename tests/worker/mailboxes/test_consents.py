"""A consent logs in for as long as it lasts; then a person hears of it, and the provider is left alone."""

import threading

import pytest
import sqlalchemy as sa

from tests.support.fakes import LOOPBACK, TableClock
from tests.support.oauth import OAuthProvider
from worker.addresses import Guard
from worker.errors import Invalid
from worker.helpdesks.mail import MailRefused
from worker.mailboxes.consents import ConsentNeeded, Consents
from worker.mailboxes.imap import MailboxUnavailable
from worker.store.tables import attempt, delivery, destination

USER = "support@desk.example"
URLS = {
    "imap_url": "imaps://support%40desk.example@127.0.0.1:1",
    "smtp_url": "smtps://support%40desk.example@127.0.0.1:1",
}


@pytest.fixture
def provider():
    provider = OAuthProvider()
    provider.serve()
    yield provider
    provider.close()


@pytest.fixture
def given(provider):
    return {
        "provider": "other",
        "client_id": "desk",
        "client_secret": "client-secret",
        "token_url": f"{provider.url}/token",
        "scope": "mail",
        "refresh_token": provider.consent(USER),
    }


@pytest.fixture
def consented(mailboxes, box, given):
    mailboxes.change(box.workspace_id, box.id, {**URLS, "oauth": given})
    return mailboxes.get(box.workspace_id, box.id)


@pytest.fixture
def consents(store):
    return Consents(store, LOOPBACK)


def test_tokens_are_exchanged_once_until_they_expire_and_each_refresh_token_is_used_once(
    store, consents, consented, provider
):
    first = consents.login(consented).token
    assert consents.login(consented).token == first
    assert len(provider.asked) == 1
    assert provider.asked[0]["client_secret"] == "client-secret"
    TableClock.advance(store, 3_545)
    second = consents.login(consented).token
    assert second != first
    assert [form["refresh_token"] for form in provider.asked] == ["refresh-0", "refresh-2"]


def test_no_secret_is_shown_or_stored_in_clear(mailboxes, consents, consented, provider):
    consents.login(consented)
    row = mailboxes.get(consented.workspace_id, consented.id)
    shown = str(mailboxes.show(consented.workspace_id, consented.id))
    for secret in ("refresh-", "access-", "client-secret"):
        assert secret not in shown + repr(row) + str(row.oauth_secrets) + str(row.oauth)


def test_a_revoked_consent_asks_for_a_person_and_the_provider_is_not_asked_again(
    mailboxes, consents, consented, given, provider
):
    provider.refresh_tokens.clear()
    for _ in range(3):
        with pytest.raises(ConsentNeeded, match="mailbox authorize"):
            consents.login(consented)
    assert len(provider.asked) == 1, "the provider is asked again and again"
    shown = mailboxes.show(consented.workspace_id, consented.id)["oauth"]
    assert shown["state"] == "consent_needed"
    assert "invalid_grant: AADSTS50173" in shown["error"]
    with pytest.raises(MailRefused, match="authorize"):
        mailboxes.smtp(mailboxes.get(consented.workspace_id, consented.id))
    assert "authorize" in dict(mailboxes.check(consented))["imap login"]
    new = given | {"refresh_token": provider.consent(USER)}
    mailboxes.change(consented.workspace_id, consented.id, {"oauth": new})
    assert consents.login(consented).token
    assert mailboxes.show(consented.workspace_id, consented.id)["oauth"]["state"] == "connected"


def test_a_provider_that_is_down_is_tried_again(consents, consented, provider):
    provider.down = True
    with pytest.raises(MailboxUnavailable, match="503") as raised:
        consents.login(consented)
    assert not isinstance(raised.value, ConsentNeeded)
    provider.down = False
    assert consents.login(consented).token


def test_a_consent_that_expires_by_itself_is_not_exchanged_any_more(store, consents, consented, provider):
    provider.more = {"expires_in": 60, "refresh_token_expires_in": 1_000}
    consents.login(consented)
    TableClock.advance(store, 1_001)
    with pytest.raises(ConsentNeeded, match="expired"):
        consents.login(consented)
    assert len(provider.asked) == 1


@pytest.mark.parametrize("field", ["expires_in", "refresh_token_expires_in"])
def test_a_token_that_lasts_for_ever_lasts_for_some_years_and_nothing_waits_for_it(
    mailboxes, consents, consented, provider, field
):
    for lasts in (float("inf"), float("nan"), 10**400, 1e30, "1e400", "3600"):
        provider.more = {"expires_in": 60, field: lasts}
        login = consents.login(consented)
        assert mailboxes.get(consented.workspace_id, consented.id).oauth_until is None, "the lease is kept"
        login.refused()
    shown = mailboxes.show(consented.workspace_id, consented.id)["oauth"]
    assert (shown["state"], shown["expires_at"] is None) == ("connected", field == "expires_in")


@pytest.mark.parametrize("url", ["imap_url", "smtp_url"])
def test_a_consent_ends_with_the_servers_that_it_is_for(mailboxes, consents, consented, given, provider, url):
    consents.login(consented)
    evil = URLS[url].replace("127.0.0.1", "evil.example")
    same = URLS[url].replace(":1", ":2")
    assert mailboxes.change(consented.workspace_id, consented.id, {url: same})["oauth"] is not None
    assert mailboxes.change(consented.workspace_id, consented.id, {url: evil})["oauth"] is None
    moved = mailboxes.get(consented.workspace_id, consented.id)
    assert moved.oauth_secrets is None, "the token is kept"
    new = given | {"refresh_token": provider.consent(USER)}
    found = mailboxes.change(consented.workspace_id, consented.id, {url: URLS[url], "oauth": new})
    assert found["oauth"]["state"] == "connected"


@pytest.mark.parametrize("url", ["imap_url", "smtp_url"])
def test_a_consent_is_not_for_a_server_that_is_added_later(mailboxes, box, given, url):
    other = {"imap_url": "smtp_url", "smtp_url": "imap_url"}[url]
    mailboxes.change(box.workspace_id, box.id, {"mode": "shadow", url: None, other: URLS[other], "oauth": given})
    added = URLS[url].replace("127.0.0.1", "evil.example")
    assert mailboxes.change(box.workspace_id, box.id, {url: added})["oauth"] is None


@pytest.mark.parametrize("change", ["oauth", "smtp_url", "imap_url"])
def test_what_waits_is_tried_at_once_after_a_new_consent_or_server(
    store, mailboxes, consented, given, provider, change
):
    mailbox = {"workspace_id": consented.workspace_id, "destination_id": consented.id}
    rest = {"type": "x", "url": "", "payload": "{}", "state": "pending", "lease_token": 1, "created_at": 1}
    with store.begin() as tx:
        far = store.now(tx) + 3_600_000
        for id in ("whd_waits", "whd_under_way"):
            tx.execute(delivery.insert().values(id=id, attempts=2, due_at=far, **mailbox, **rest))
        made = {"workspace_id": consented.workspace_id, "started_at": 1, "duration_ms": 1}
        for id, number in (("whd_waits", 2), ("whd_under_way", 1)):
            tx.execute(attempt.insert().values(delivery_id=id, number=number, **made))
        opened = {"failures": 9, "circuit_open_until": far}
        tx.execute(destination.insert().values(id=consented.id, workspace_id=consented.workspace_id, **opened))
    new = {**URLS, "oauth": given | {"refresh_token": provider.consent(USER)}}[change]
    mailboxes.change(consented.workspace_id, consented.id, {change: new})
    with store.read() as connection:
        due = dict(connection.execute(sa.select(delivery.c.id, delivery.c.due_at)).all())
        circuit = connection.execute(sa.select(destination)).one()
        assert (circuit.failures, circuit.circuit_open_until) == (0, None)
        assert due["whd_waits"] <= store.now(connection)
        assert due["whd_under_way"] == far, "the attempt that is under way would be made twice"


def test_several_at_once_exchange_a_token_that_may_be_used_once_together(consents, consented, provider):
    provider.delay_s = 0.3
    found = []
    threads = [threading.Thread(target=lambda: found.append(consents.login(consented).token)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(provider.asked) == 1


def test_a_token_that_a_server_refuses_is_exchanged_before_the_next_attempt(consents, consented):
    login = consents.login(consented)
    login.refused()
    assert consents.login(consented).token != login.token


def test_a_provider_in_a_private_network_is_not_asked(store, consented, given, provider):
    careful = Consents(store, Guard())
    with pytest.raises(MailboxUnavailable, match="AddressRefused"):
        careful.login(consented)
    assert provider.asked == []
    with pytest.raises(Invalid, match="token_url"):
        careful.columns({**given, "token_url": None})


def test_the_token_endpoint_of_microsoft_is_that_of_the_tenant(consents):
    given = {"provider": "microsoft", "client_id": "x", "refresh_token": "y", "tenant": "desk.example"}
    kept = consents.columns(given)["oauth"]
    assert kept["token_url"] == "https://login.microsoftonline.com/desk.example/oauth2/v2.0/token"
    assert "SMTP.Send" in kept["scope"]
