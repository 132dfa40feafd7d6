"""Keys belong to a workspace, and to whoever made them."""

import pytest

from worker.access.keys import Keys, Principal
from worker.access.permissions import Permission
from worker.errors import NotFound
from worker.states import AccountRole


@pytest.fixture
def keys(store):
    return Keys(store)


@pytest.fixture
def key_id(keys, workspace_id):
    keys.make(workspace_id, name="desk", scopes=["read"])
    return keys.all()[-1]["id"]


def test_an_expired_key_is_listed_as_invalid(keys, workspace_id):
    keys.make(workspace_id, name="old", expires_in_s=-1)
    (old,) = keys.all()
    assert not old["valid"]


def test_reading_does_not_create_a_workspace(keys):
    with pytest.raises(NotFound, match="no workspace prdo"):
        keys.known_workspace("prdo")
    assert keys.known_workspace("default") == keys.workspace()


def test_a_key_of_another_workspace_is_not_revoked(keys, key_id, store):
    other = keys.workspace("other")
    with pytest.raises(NotFound):
        keys.revoke(key_id, workspace_id=other)
    assert [key["id"] for key in keys.all(other)] == []


def test_a_key_may_what_its_scopes_say_and_a_person_what_their_role_says():
    reader = Principal(workspace_id="ws", key_id="key_1", scopes=frozenset({"read"}))
    admin = Principal(workspace_id="ws", key_id="key_2", scopes=frozenset({"admin"}))
    assert [reader.may(wanted) for wanted in (Permission.READ, Permission.CONVERSE)] == [True, False]
    assert all(admin.may(wanted) for wanted in Permission)
    agent = Principal(workspace_id="ws", account_id="acc_1", role=AccountRole.AGENT, name="Bob")
    assert [agent.may(wanted) for wanted in (Permission.CONVERSE, Permission.EDIT_KNOWLEDGE)] == [True, False]
    visitor = Principal(workspace_id="ws", key_id="key_3")
    assert not any(visitor.may(wanted) for wanted in Permission)
    assert (reader.holder, agent.holder) == ("key_1", "acc_1")


def test_a_key_that_was_made_at_the_command_line_belongs_to_nobody(keys, key_id):
    assert [key["owner"] for key in keys.all()] == [None]
