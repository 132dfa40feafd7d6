"""Invitations lead one person into one workspace, once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.accounts import OWNER, PASSWORD, join, token_of
from worker.access.keys import Keys
from worker.accounts.by_address import find_or_create
from worker.accounts.errors import LinkInvalid, RoleTooHigh
from worker.accounts.invitations import Inviter
from worker.accounts.people import Change
from worker.accounts.sessions import Client
from worker.errors import Conflict, Invalid
from worker.states import AccountRole, MemberState


def invite(accounts, workspace_id, email="bob@shop.example", role=AccountRole.AGENT, by=OWNER):
    return accounts.invitations.invite(workspace_id, email=email, role=role, by=by)


def test_an_invited_person_chooses_a_name_and_a_password_and_belongs(accounts, workspace_id, outbox):
    made = invite(accounts, workspace_id)
    assert accounts.people.get(workspace_id, made.account_id)["state"] == "invited"
    offer = accounts.invitations.offer(token_of(made.url))
    assert (offer.email, offer.role, offer.invited_by, offer.has_account) == (
        "bob@shop.example",
        "agent",
        "Olga Owner",
        False,
    )
    assert accounts.invitations.accept(token_of(made.url), name="Bob", password=PASSWORD) == made.account_id
    person = accounts.people.get(workspace_id, made.account_id)
    assert (person["state"], person["name"], person["role"]) == ("active", "Bob", "agent")
    accounts.entrance.enter("bob@shop.example", PASSWORD, client=Client())


def test_the_mail_has_another_link_and_both_end_with_the_first_that_is_used(accounts, workspace_id, outbox):
    made = invite(accounts, workspace_id)
    assert accounts.mails.send_due() == 1
    to, subject, _text = outbox.sent[0]
    assert (to, subject) == ("bob@shop.example", "Olga Owner invites you to Answerback")
    assert outbox.link().startswith("https://desk.example/console/invitation?token=")
    assert outbox.token() != token_of(made.url)
    accounts.invitations.accept(outbox.token(), name="Bob", password=PASSWORD)
    for token in (outbox.token(), token_of(made.url)):
        with pytest.raises(LinkInvalid):
            accounts.invitations.accept(token, name="Eve", password=PASSWORD)
    assert accounts.entrance.by_email("bob@shop.example").verified_at is not None


def test_a_link_that_was_passed_on_does_not_prove_the_address(accounts, workspace_id):
    join(accounts, workspace_id, "bob@shop.example")
    assert accounts.entrance.by_email("bob@shop.example").verified_at is None


def test_a_new_invitation_replaces_the_one_that_waits(accounts, workspace_id):
    first = invite(accounts, workspace_id)
    second = invite(accounts, workspace_id, role=AccountRole.EDITOR)
    third = accounts.invitations.renew(workspace_id, first.account_id, by=OWNER)
    for token in (token_of(first.url), token_of(second.url)):
        with pytest.raises(LinkInvalid):
            accounts.invitations.offer(token)
    assert accounts.invitations.offer(token_of(third.url)).role == AccountRole.EDITOR


def test_who_has_an_account_joins_with_it_and_nobody_else_does(accounts, ada, workspace_id, store):
    other = Keys(store).workspace("other")
    made = invite(accounts, other, email="ADA@shop.example")
    assert made.account_id == ada
    token = token_of(made.url)
    assert accounts.invitations.offer(token).has_account
    with pytest.raises(Conflict, match="log in"):
        accounts.invitations.accept(token, name="Eve", password=PASSWORD)
    eve = join(accounts, workspace_id, "eve@shop.example")
    with pytest.raises(LinkInvalid, match="somebody else"):
        accounts.invitations.join(token, eve)
    assert accounts.invitations.join(token, ada) == other
    assert {found.name for found in accounts.sessions.workspaces(ada)} == {"default", "other"}


def test_a_member_is_not_invited_again_nor_enabled_that_way(accounts, ada, workspace_id):
    bob = join(accounts, workspace_id, "bob@shop.example")
    with pytest.raises(Conflict, match="belongs"):
        invite(accounts, workspace_id)
    accounts.people.change(workspace_id, bob, Change(state=MemberState.DISABLED), by=AccountRole.OWNER)
    with pytest.raises(Conflict):
        invite(accounts, workspace_id)
    with pytest.raises(Conflict):
        accounts.invitations.renew(workspace_id, bob, by=OWNER)


def test_nobody_invites_above_their_own_role(accounts, workspace_id):
    admin = Inviter(name="Bob", role=AccountRole.ADMIN)
    with pytest.raises(RoleTooHigh):
        invite(accounts, workspace_id, role=AccountRole.OWNER, by=admin)
    owner = invite(accounts, workspace_id, role=AccountRole.OWNER)
    with pytest.raises(RoleTooHigh):  # nor takes over the invitation of an owner
        accounts.invitations.renew(workspace_id, owner.account_id, by=admin)
    with pytest.raises(RoleTooHigh):
        invite(accounts, workspace_id, role=AccountRole.AGENT, by=admin)


def test_disabling_and_removing_withdraw_an_invitation(accounts, ada, workspace_id):
    made = invite(accounts, workspace_id)
    accounts.people.change(workspace_id, made.account_id, Change(state=MemberState.DISABLED), by=AccountRole.OWNER)
    with pytest.raises(LinkInvalid):
        accounts.invitations.offer(token_of(made.url))
    gone = invite(accounts, workspace_id, email="gone@shop.example")
    accounts.people.remove(workspace_id, gone.account_id, by=AccountRole.OWNER)
    with pytest.raises(LinkInvalid):
        accounts.invitations.accept(token_of(gone.url), name="Gone", password=PASSWORD)


def test_a_weak_password_uses_no_link_up(accounts, workspace_id):
    token = token_of(invite(accounts, workspace_id).url)
    with pytest.raises(Invalid):
        accounts.invitations.accept(token, name="Bob", password="bob@shop.example")
    accounts.invitations.accept(token, name="Bob", password=PASSWORD)


def test_the_first_owner_chooses_an_address_and_later_links_and_starts_end_earlier_ones(accounts, workspace_id):
    first = token_of(accounts.invitations.first_owner(workspace_id))
    second = token_of(accounts.invitations.first_owner(workspace_id))
    with pytest.raises(LinkInvalid):
        accounts.invitations.offer(first)
    assert accounts.invitations.offer(second).email is None
    with pytest.raises(Invalid):
        accounts.invitations.accept(second, name="Ada", password=PASSWORD, email="no address")
    ada = accounts.invitations.accept(second, name="Ada", password=PASSWORD, email="Ada@Shop.example")
    assert accounts.people.get(workspace_id, ada)["role"] == "owner"
    with pytest.raises(LinkInvalid):
        accounts.invitations.accept(second, name="Eve", password=PASSWORD, email="eve@shop.example")


def test_the_link_of_the_first_owner_is_worth_nothing_once_there_is_one(accounts, workspace_id):
    token = token_of(accounts.invitations.first_owner(workspace_id))
    join(accounts, workspace_id, "ada@shop.example")
    with pytest.raises(LinkInvalid, match="owner already"):
        accounts.invitations.accept(token, name="Eve", password=PASSWORD, email="eve@shop.example")


def test_the_first_owner_takes_no_account_over(accounts, ada, store):
    other = Keys(store).workspace("other")
    token = token_of(accounts.invitations.first_owner(other))
    with pytest.raises(Invalid, match="Somebody has an account"):
        accounts.invitations.accept(token, name="Eve", password=PASSWORD, email="ada@shop.example")
    assert accounts.entrance.by_email("ada@shop.example").name == "Ada Lovelace"


def test_two_invitations_of_a_new_address_at_once_both_succeed(accounts, workspace_id, store):
    other = Keys(store).workspace("other")
    barrier = threading.Barrier(4)

    def at_once(into, email):
        barrier.wait()
        return invite(accounts, into, email)

    for number in range(5):
        email = f"new{number}@shop.example"
        with ThreadPoolExecutor(4) as threads:
            made = list(threads.map(at_once, (workspace_id, other) * 2, [email] * 4))
        assert len({invitation.account_id for invitation in made}) == 1
        assert accounts.people.get(other, made[0].account_id)["state"] == "invited"


def test_an_invitation_waits_for_whoever_creates_the_account_at_the_same_time(accounts, workspace_id, store):
    other = Keys(store).workspace("other")
    with ThreadPoolExecutor(1) as threads:
        with store.begin() as tx:
            person = find_or_create(store, tx, "bob@shop.example", name="Bob")
            waiting = threads.submit(invite, accounts, other)
            time.sleep(0.2)
        assert waiting.result().account_id == person.id
