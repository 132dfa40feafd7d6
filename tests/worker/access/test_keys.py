"""Logins and passwords of keys."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.access import keys as keys_module
from worker.access.keys import Keys
from worker.errors import Conflict, Invalid, KeyRefused, NotFound, TriedTooOften


@pytest.fixture
def keys(store):
    return Keys(store)


@pytest.fixture
def key_id(keys, workspace_id):
    keys.make(workspace_id, name="desk", scopes=["read"])
    return keys.all()[-1]["id"]


PASSWORD = "correct horse battery"


def test_a_login_has_the_permissions_of_its_key(keys, key_id, workspace_id):
    keys.set_password(key_id, login="grace", password=PASSWORD)
    principal = keys.check_password("grace", PASSWORD)
    assert (principal.key_id, principal.workspace_id, principal.scopes) == (key_id, workspace_id, {"read"})
    keys.set_password(key_id, login="grace", password=PASSWORD + "2")
    with pytest.raises(KeyRefused):
        keys.check_password("grace", PASSWORD)
    keys.revoke(key_id)
    with pytest.raises(KeyRefused):
        keys.check_password("grace", PASSWORD + "2")


def test_a_wrong_password_and_an_unknown_login_get_the_same_error(keys, key_id):
    keys.set_password(key_id, login="grace", password=PASSWORD)
    for login, password in (
        ("grace", "wrong"),
        ("nobody", PASSWORD),
        ("grace", ""),
        ("", ""),
        ("x" * 10_000, "y" * 10_000),
    ):
        with pytest.raises(KeyRefused, match="Incorrect login or password"):
            keys.check_password(login, password)


def test_an_expired_key_cannot_get_a_password_and_is_listed_as_invalid(keys, workspace_id):
    keys.make(workspace_id, name="old", expires_in_s=-1)
    (old,) = keys.all()
    assert not old["valid"]
    with pytest.raises(NotFound, match="valid"):
        keys.set_password(old["id"], login="grace", password=PASSWORD)


def test_reading_does_not_create_a_workspace(keys):
    with pytest.raises(NotFound, match="no workspace prdo"):
        keys.known_workspace("prdo")
    assert keys.known_workspace("default") == keys.workspace()


def test_password_attempts_are_limited(keys, key_id, monkeypatch):
    keys.set_password(key_id, login="grace", password=PASSWORD)
    for _ in range(10):
        with pytest.raises(KeyRefused):
            keys.check_password("grace", "guess")
    with pytest.raises(TriedTooOften):
        keys.check_password("grace", PASSWORD)
    monkeypatch.setattr(keys_module, "_TRIES_S", -1.0)
    assert keys.check_password("grace", PASSWORD).key_id == key_id


def test_a_password_is_stored_as_a_hash_and_must_be_long(keys, key_id, workspace_id, store):
    keys.set_password(key_id, login="grace", password=PASSWORD)
    with store.read() as connection:
        kept = (
            connection.execute(keys_module.api_key.select().where(keys_module.api_key.c.id == key_id)).mappings().one()
        )
    assert kept["password"].startswith("scrypt:")
    assert PASSWORD not in str(dict(kept))
    for login, password in (("grace", "short"), ("gr ace", PASSWORD), ("", PASSWORD), ("grace", "x" * 201)):
        with pytest.raises(Invalid):
            keys.set_password(key_id, login=login, password=password)
    with pytest.raises(NotFound):
        keys.set_password("key_none", login="ada", password=PASSWORD)
    keys.make(workspace_id, name="other")
    with pytest.raises(Conflict):
        keys.set_password(keys.all()[-1]["id"], login="grace", password=PASSWORD)


def test_parallel_attempts_and_attempts_with_many_logins_are_limited(keys, key_id, monkeypatch):
    keys.set_password(key_id, login="grace", password=PASSWORD)
    compared = []
    monkeypatch.setattr(keys_module, "check_password_hash", lambda *_: compared.append(1) or time.sleep(0.05))
    with ThreadPoolExecutor(16) as pool:
        guesses = [pool.submit(keys.check_password, "grace", "x") for _ in range(16)]
    assert {type(guess.exception()) for guess in guesses} == {KeyRefused, TriedTooOften}
    assert len(compared) == 10
    monkeypatch.setattr(keys_module, "_MAX_CACHED", 5)
    for number in range(4):
        with pytest.raises(KeyRefused):
            keys.check_password(f"other{number}", "x")
    with pytest.raises(TriedTooOften):
        keys.check_password("grace", PASSWORD)


def test_the_login_of_a_revoked_key_can_be_reused(keys, key_id, workspace_id):
    keys.set_password(key_id, login="grace", password=PASSWORD)
    keys.revoke(key_id)
    keys.make(workspace_id, name="next")
    keys.set_password(keys.all()[-1]["id"], login="grace", password=PASSWORD)
    assert keys.check_password("grace", PASSWORD).key_id == keys.all()[-1]["id"]


def test_a_key_of_another_workspace_is_not_revoked(keys, key_id, store):
    other = keys.workspace("other")
    with pytest.raises(NotFound):
        keys.revoke(key_id, workspace_id=other)
    assert [key["id"] for key in keys.all(other)] == []
