"""Old keys can be thrown away once secrets are encrypted anew: nobody is locked out, and no endpoint loses its key."""

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from tests.support.accounts import accounts_of, join
from worker.access.keys import Keys
from worker.addresses import Guard
from worker.secret_box import SecretBox
from worker.secret_rotation import rotate_secrets
from worker.settings import Settings
from worker.store.tables import account
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
