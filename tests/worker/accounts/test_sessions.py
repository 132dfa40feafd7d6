"""Sessions are rows: they end when somebody ends them, when they are idle or old, and when access does."""

import pytest
import sqlalchemy as sa

from tests.support.accounts import OWNER, join, token_of
from tests.support.fakes import TableClock
from worker.access.keys import Keys
from worker.accounts.errors import NoWorkspace, SessionEnded
from worker.accounts.people import Change
from worker.accounts.sessions import IDLE_S, MAX_S, Client
from worker.errors import NotFound
from worker.states import AccountRole, MemberState
from worker.store.tables import account_session

FIREFOX = Client(address="203.0.113.7", user_agent="Firefox/140")


def begin(accounts, account_id):
    return accounts.entrance.begin(account_id, method="password", client=FIREFOX).token


def test_a_session_has_the_person_their_role_and_the_browser(accounts, ada, workspace_id):
    session = accounts.sessions.check(begin(accounts, ada))
    principal = session.principal
    assert (principal.account_id, principal.name, principal.role) == (ada, "Ada Lovelace", AccountRole.OWNER)
    assert (principal.workspace_id, principal.key_id, session.workspace) == (workspace_id, None, "default")
    (row,) = accounts.sessions.all(ada)
    assert (row.address, row.user_agent) == ("203.0.113.7", "Firefox/140")


def test_tokens_and_csrf_tokens_are_new_for_each_session_and_not_stored_as_they_are(accounts, ada, store):
    first, second = begin(accounts, ada), begin(accounts, ada)
    assert first != second
    assert accounts.sessions.check(first).csrf != accounts.sessions.check(second).csrf
    with store.read() as connection:
        stored = connection.execute(sa.select(account_session.c.digest)).scalars().all()
    assert not {first, second, first.removeprefix("abs_")} & set(stored)
    for wrong in ("", "abs_", first + "x", first.removeprefix("abs_")):
        with pytest.raises(SessionEnded):
            accounts.sessions.check(wrong)


def test_a_session_ends_when_it_is_idle_and_in_any_case_after_a_week(accounts, ada, store):
    idle = begin(accounts, ada)
    TableClock.advance(store, IDLE_S - 1)
    accounts.sessions.check(idle)  # used, so it goes on
    TableClock.advance(store, IDLE_S - 1)
    accounts.sessions.check(idle)
    TableClock.advance(store, IDLE_S)
    with pytest.raises(SessionEnded):
        accounts.sessions.check(idle)
    assert accounts.sessions.all(ada) == []
    used = begin(accounts, ada)
    for _ in range(int(MAX_S / IDLE_S) * 2 - 1):
        TableClock.advance(store, IDLE_S / 2)
        accounts.sessions.check(used)
    TableClock.advance(store, IDLE_S / 2)
    with pytest.raises(SessionEnded):
        accounts.sessions.check(used)


def test_one_sees_ones_sessions_and_ends_one_or_all_others(accounts, ada, workspace_id):
    first, second, third = (begin(accounts, ada) for _ in range(3))
    ids = {token: accounts.sessions.check(token).id for token in (first, second, third)}
    accounts.sessions.end(ada, ids[first])
    with pytest.raises(SessionEnded):
        accounts.sessions.check(first)
    assert accounts.sessions.end_others(ada, but=ids[second]) == 1
    assert [row.id for row in accounts.sessions.all(ada)] == [ids[second]]
    bob = join(accounts, workspace_id, "bob@shop.example", AccountRole.AGENT)
    with pytest.raises(NotFound):
        accounts.sessions.end(bob, ids[second])
    accounts.sessions.check(second)


@pytest.mark.parametrize("how", ["disable", "remove", "everywhere", "demote"])
def test_a_change_of_access_holds_for_sessions_that_are_open(accounts, ada, workspace_id, how):
    bob = join(accounts, workspace_id, "bob@shop.example", AccountRole.ADMIN)
    token = begin(accounts, bob)
    people = accounts.people
    if how == "demote":
        people.change(workspace_id, bob, Change(role=AccountRole.VIEWER), by=AccountRole.OWNER)
        assert accounts.sessions.check(token).principal.role == AccountRole.VIEWER
        return
    if how == "disable":
        people.change(workspace_id, bob, Change(state=MemberState.DISABLED), by=AccountRole.OWNER)
    elif how == "remove":
        people.remove(workspace_id, bob, by=AccountRole.OWNER)
    else:
        people.disable_everywhere(bob, disabled=True)
    with pytest.raises(SessionEnded):
        accounts.sessions.check(token)
    with pytest.raises(NoWorkspace):
        begin(accounts, bob)


def test_one_person_works_in_several_workspaces_and_goes_on_in_the_last(accounts, ada, workspace_id, store):
    other = Keys(store).workspace("other")
    url = accounts.invitations.invite(other, email="ada@shop.example", role=AccountRole.AGENT, by=OWNER).url
    accounts.invitations.join(token_of(url), ada)
    token = begin(accounts, ada)
    session = accounts.sessions.check(token)
    assert [(found.name, found.role) for found in accounts.sessions.workspaces(ada)] == [
        ("default", AccountRole.OWNER),
        ("other", AccountRole.AGENT),
    ]
    accounts.sessions.switch(ada, session.id, workspace_id)
    assert accounts.sessions.check(token).principal.role == AccountRole.OWNER
    accounts.sessions.switch(ada, session.id, other)
    assert accounts.sessions.check(token).principal.role == AccountRole.AGENT
    assert accounts.sessions.check(begin(accounts, ada)).workspace == "other"
    foreign = Keys(store).workspace("foreign")
    with pytest.raises(NotFound):
        accounts.sessions.switch(ada, session.id, foreign)
