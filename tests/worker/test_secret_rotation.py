"""Old keys can be thrown away once secrets are encrypted anew: nobody is locked out, and no endpoint loses its key."""

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from tests.support.accounts import accounts_of, join
from tests.support.fakes import LOOPBACK
from worker.access.keys import Keys
from worker.addresses import Guard
from worker.helpdesks.connections import Connections
from worker.mailboxes.mailboxes import Mailboxes
from worker.secret_box import SecretBox
from worker.secret_rotation import rotate_secrets
from worker.settings import Settings
from worker.store.sealing import Sealing
from worker.store.tables import account, helpdesk
from worker.store.tables import workspace_settings as table
from worker.workspace_settings.workspace_settings import WorkspaceSettings

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def box(tmp_path):
    return lambda *keys: SecretBox(keys, tmp_path / "unused")


@pytest.fixture
def settings(store, box):
    return lambda *keys: WorkspaceSettings(store, Settings(), box(*keys), Guard())


def sealed_secrets(store):
    """Return all that is encrypted in the database, with the version of the settings."""
    with store.read() as connection:
        people = connection.execute(sa.select(account.c.totp_secret, account.c.totp_pending)).all()
        of_workspaces = connection.execute(sa.select(table.c.secrets, table.c.version)).all()
    return people, of_workspaces


def test_with_the_new_key_alone_people_log_in_and_endpoints_are_called(store, box, settings, workspace_id):
    settings(OLD).change(workspace_id, {"openai_api_key": "sk-desk"})
    accounts = accounts_of(store, None, secret_keys=(OLD,))
    ada, bob, eve = (join(accounts, workspace_id, f"{name}@shop.example") for name in ("ada", "bob", "eve"))
    begun = accounts.second_factor.begin(ada)
    accounts.second_factor.begin(bob)
    with store.begin() as tx:  # bob's is confirmed
        values = {"totp_secret": account.c.totp_pending, "totp_pending": None}
        tx.execute(account.update().where(account.c.id == bob).values(**values))

    done = rotate_secrets(store, box(NEW, OLD))
    assert (done.rotated, done.unreadable) == (3, ())
    assert settings(NEW).of(workspace_id).openai_api_key == "sk-desk"
    assert settings(NEW).version(workspace_id) == 1, "the settings are what they were"
    second_factor = accounts_of(store, None, secret_keys=(NEW,)).second_factor
    assert second_factor.pending(ada) == begun
    assert second_factor.pending(eve) is None
    with store.read() as connection:
        confirmed = connection.scalar(sa.select(account.c.totp_secret).where(account.c.id == bob))
    assert len(box(NEW).open(confirmed)) == 32
    assert rotate_secrets(store, box(NEW)).rotated == 3, "it may be repeated"


def test_what_no_key_opens_is_named_and_stays_and_the_others_are_rotated(store, box, settings, workspace_id):
    other = Keys(store).workspace("other")
    settings(Fernet.generate_key().decode()).change(workspace_id, {"openai_api_key": "sk-lost"})
    settings(OLD).change(other, {"openai_api_key": "sk-other"})
    before = sealed_secrets(store)
    done = rotate_secrets(store, box(NEW, OLD))
    assert (done.rotated, done.unreadable) == (1, (f"openai_api_key of the workspace {workspace_id}",))
    assert settings(NEW).of(other).openai_api_key == "sk-other"
    kept = [secrets for secrets, _version in before[1]]
    assert [secrets in kept for secrets, _version in sealed_secrets(store)[1]].count(True) == 1


def test_a_machine_without_any_key_changes_nothing(store, box, settings, workspace_id):
    assert rotate_secrets(store, box()).rotated == 0
    settings(OLD).change(workspace_id, {"openai_api_key": "sk-desk"})
    before = sealed_secrets(store)
    assert len(rotate_secrets(store, box()).unreadable) == 1
    assert sealed_secrets(store) == before


def test_helpdesks_and_mailboxes_are_reached_with_the_new_key_alone(store, box, workspace_id):
    def with_keys(*keys):
        store.sealing = Sealing(box(*keys))
        return Connections(store, LOOPBACK, mail=None), Mailboxes(store, LOOPBACK, mail=None)

    connections, mailboxes = with_keys(OLD)
    url = "imaps://me:imap-pass@127.0.0.1:1"
    desk = {"name": "zd", "kind": "zammad", "url": "https://127.0.0.1", "token": "zd-token", "mode": "reply"}
    connections.make(workspace_id, {**desk, "options": {"bot_id": "7"}})
    mailboxes.make(workspace_id, {"name": "mail", "address": "a@desk.example", "imap_url": url, "mode": "shadow"})
    with store.begin() as tx:  # this one was stored before there was a key
        tx.execute(helpdesk.update().where(helpdesk.c.name == "zd").values(webhook_secret="in-clear"))

    done = rotate_secrets(store, box(NEW, OLD))
    assert (done.rotated, done.unreadable) == (4, ())
    connections, mailboxes = with_keys(NEW)
    row = connections.named(workspace_id, "zd")
    assert (store.sealing.open(row.token), store.sealing.open(row.webhook_secret)) == ("zd-token", "in-clear")
    assert "in-clear" not in row.webhook_secret
    assert store.sealing.open_url(mailboxes.named(workspace_id, "mail").imap_url) == url
    lost = rotate_secrets(store, box(Fernet.generate_key().decode()))
    assert (lost.rotated, len(lost.unreadable)) == (0, 4)
    assert rotate_secrets(store, box()).rotated == 0
