"""Who belongs to a workspace, who may change that, and that an owner is left."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.accounts import OWNER, join
from worker.access.keys import Keys, Principal
from worker.accounts.errors import LastOwner, RoleTooHigh
from worker.accounts.people import Change
from worker.errors import Invalid, KeyRefused, NotFound
from worker.states import AccountRole, MemberState

ADMIN, AGENT, EDITOR, VIEWER = AccountRole.ADMIN, AccountRole.AGENT, AccountRole.EDITOR, AccountRole.VIEWER


@pytest.fixture
def bob(accounts, ada, workspace_id):
    return join(accounts, workspace_id, "bob@shop.example", AGENT)


def test_people_are_listed_by_page_role_state_and_address(accounts, ada, bob, workspace_id, store):
    accounts.invitations.invite(workspace_id, email="new@shop.example", role=VIEWER, by=OWNER)
    people = accounts.people

    def emails(**which):
        return [person["email"].partition("@")[0] for person in people.page(workspace_id, which)[0]]

    assert sorted(emails()) == ["ada", "bob", "new"]
    assert (emails(role="agent"), emails(state="invited"), emails(email="ADA@shop.example")) == (
        ["bob"],
        ["new"],
        ["ada"],
    )
    first, cursor = people.page(workspace_id, limit=2)
    rest, end = people.page(workspace_id, limit=2, after=cursor)
    assert (len(first), len(rest), end) == (2, 1, None)
    assert {person["id"] for person in first}.isdisjoint({person["id"] for person in rest})
    with pytest.raises(Invalid):
        people.page(workspace_id, after="no cursor")
    other = Keys(store).workspace("other")
    assert people.page(other)[0] == []
    with pytest.raises(NotFound):
        people.get(other, bob)
    with pytest.raises(NotFound):
        people.change(other, bob, Change(role=VIEWER), by=AccountRole.OWNER)


def test_a_role_is_changed_and_a_person_disabled_and_enabled(accounts, bob, workspace_id):
    people = accounts.people
    people.change(workspace_id, bob, Change(role=EDITOR), by=ADMIN)
    assert people.get(workspace_id, bob)["role"] == "editor"
    people.change(workspace_id, bob, Change(state=MemberState.DISABLED), by=ADMIN)
    assert people.get(workspace_id, bob)["state"] == "disabled"
    people.change(workspace_id, bob, Change(state=MemberState.ACTIVE), by=ADMIN)
    assert people.get(workspace_id, bob)["state"] == "active"


def test_an_admin_neither_makes_nor_touches_an_owner(accounts, ada, bob, workspace_id):
    for change in (Change(role=AGENT), Change(state=MemberState.DISABLED)):
        with pytest.raises(RoleTooHigh):
            accounts.people.change(workspace_id, ada, change, by=ADMIN)
    with pytest.raises(RoleTooHigh):
        accounts.people.change(workspace_id, bob, Change(role=AccountRole.OWNER), by=ADMIN)
    with pytest.raises(RoleTooHigh):
        accounts.people.remove(workspace_id, ada, by=ADMIN)
    assert accounts.people.get(workspace_id, bob)["role"] == "agent"


def test_the_last_owner_is_not_demoted_disabled_or_removed(accounts, ada, bob, workspace_id):
    people = accounts.people
    attempts = (
        lambda: people.change(workspace_id, ada, Change(role=ADMIN), by=AccountRole.OWNER),
        lambda: people.change(workspace_id, ada, Change(state=MemberState.DISABLED), by=AccountRole.OWNER),
        lambda: people.remove(workspace_id, ada, by=AccountRole.OWNER),
        lambda: people.disable_everywhere(ada, disabled=True),
    )
    for attempt in attempts:
        with pytest.raises(LastOwner):
            attempt()
    accounts.invitations.invite(workspace_id, email="waits@shop.example", role=AccountRole.OWNER, by=OWNER)
    with pytest.raises(LastOwner):  # who was invited is not there yet
        attempts[0]()
    people.change(workspace_id, bob, Change(role=AccountRole.OWNER), by=AccountRole.OWNER)
    attempts[0]()
    assert people.get(workspace_id, ada)["role"] == "admin"
    assert people.has_owner(workspace_id)


def test_two_owners_who_remove_each_other_at_once_leave_one(accounts, ada, bob, workspace_id):
    people = accounts.people
    people.change(workspace_id, bob, Change(role=AccountRole.OWNER), by=AccountRole.OWNER)

    def remove(account_id):
        try:
            people.remove(workspace_id, account_id, by=AccountRole.OWNER)
        except LastOwner:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, (ada, bob))) == [False, True]
    assert people.has_owner(workspace_id)


def test_keys_stay_when_their_owner_goes_unless_they_are_revoked_too(accounts, ada, bob, workspace_id, store):
    keys = Keys(store)
    person = Principal(workspace_id=workspace_id, account_id=bob, role=ADMIN, name="Bob")
    kept = keys.make(workspace_id, name="machine", made_by=person)
    assert [key["owner"] for key in keys.all(workspace_id)] == ["Bob"]
    assert accounts.people.get(workspace_id, bob)["api_keys"] == 1
    accounts.people.change(workspace_id, bob, Change(state=MemberState.DISABLED), by=AccountRole.OWNER)
    assert keys.check(kept).key_id
    disabled = Change(state=MemberState.DISABLED, revoke_keys=True)
    accounts.people.change(workspace_id, bob, disabled, by=AccountRole.OWNER)
    with pytest.raises(KeyRefused):
        Keys(store).check(kept)


def test_a_key_gives_no_more_power_over_people_than_whom_it_belongs_to(accounts, ada, bob, workspace_id, store):
    keys, people = Keys(store), accounts.people
    machine = keys.check(keys.make(workspace_id, name="made at the command line"))
    assert people.rank(machine) == AccountRole.OWNER
    person = Principal(workspace_id=workspace_id, account_id=bob, role=ADMIN, name="Bob")
    bobs = keys.check(keys.make(workspace_id, name="bob's", made_by=person))
    assert people.rank(bobs) == AGENT
    laundered = keys.check(keys.make(workspace_id, name="of bob's key", made_by=bobs))
    assert people.rank(laundered) == AGENT
    people.change(workspace_id, bob, Change(role=ADMIN), by=AccountRole.OWNER)
    assert people.rank(laundered) == ADMIN
    people.remove(workspace_id, bob, by=AccountRole.OWNER)
    assert people.rank(bobs) == VIEWER
