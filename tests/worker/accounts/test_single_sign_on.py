"""Whom the provider vouches for gets the role of their groups, and nobody gets somebody else's account."""

import pytest

from tests.support.accounts import OWNER, PASSWORD, join, token_of
from worker.accounts.errors import LastOwner, LinkInvalid, LoginRefused, NoWorkspace, RoleTooHigh, SessionEnded
from worker.accounts.openid import Identity, SignOnRefused
from worker.accounts.people import Change
from worker.accounts.sessions import Client
from worker.accounts.single_sign_on import Policy, SingleSignOn
from worker.states import AccountRole, MemberState

POLICY = Policy(roles=(("support", AccountRole.AGENT), ("leads", AccountRole.ADMIN)))


@pytest.fixture
def enter(store, accounts, workspace_id):
    """Log somebody in; returns their session."""

    def do(subject="7", *, policy=POLICY, groups=(), email="grace@shop.example", verified=True, name="Grace"):
        sso = SingleSignOn(store, None, accounts.sessions, policy=policy, workspace_id=lambda: workspace_id)
        identity = Identity(
            issuer="https://id.example",
            subject=subject,
            email=email,
            email_verified=verified,
            name=name,
            groups=frozenset(groups),
        )
        return accounts.sessions.check(sso.enter(identity, client=Client()).token)

    return do


def test_the_first_login_makes_an_account_with_the_highest_role_of_the_groups(enter, accounts, ada):
    session = enter(groups=("support", "leads", "unknown"))
    assert (session.principal.name, session.principal.role, session.method) == ("Grace", AccountRole.ADMIN, "sso")
    assert accounts.entrance.account(session.account_id).verified_at is not None
    assert enter(groups=("support",)).account_id == session.account_id
    assert enter(groups=("support",), email="married@shop.example").account_id == session.account_id


def test_a_password_opens_no_account_that_has_none(enter, accounts, ada):
    enter(groups=("support",))
    for password in ("", PASSWORD):
        with pytest.raises(LoginRefused):
            accounts.entrance.enter("grace@shop.example", password, client=Client())


def test_groups_are_applied_at_each_login_and_losing_them_ends_access(enter, ada, accounts, workspace_id):
    admin = enter(groups=("leads",))
    assert enter(groups=("support",)).principal.role == AccountRole.AGENT
    with pytest.raises(SignOnRefused, match="any more"):
        enter(groups=())
    with pytest.raises(NoWorkspace):
        accounts.entrance.begin(admin.account_id, method="sso", client=Client())


def test_without_a_group_a_default_role_or_an_invitation_nobody_gets_in(enter, ada, accounts, workspace_id):
    with pytest.raises(SignOnRefused, match="invitation"):
        enter()
    assert accounts.entrance.by_email("grace@shop.example") is None
    viewer = Policy(default_role=AccountRole.VIEWER)
    assert enter(policy=viewer).principal.role == AccountRole.VIEWER
    accounts.invitations.invite(workspace_id, email="bob@shop.example", role=AccountRole.EDITOR, by=OWNER)
    session = enter("8", email="BOB@shop.example")
    assert session.principal.role == AccountRole.EDITOR
    assert accounts.people.get(workspace_id, session.account_id)["state"] == "active"
    assert enter("8").principal.role == AccountRole.EDITOR  # invited people keep their role without groups


def test_who_was_invited_gets_the_invited_role_back_when_a_group_is_lost(enter, accounts, ada, workspace_id):
    accounts.invitations.invite(workspace_id, email="grace@shop.example", role=AccountRole.VIEWER, by=OWNER)
    for groups, role in (((), "viewer"), (("leads",), "admin"), (("support",), "agent"), ((), "viewer")):
        session = enter(groups=groups)
        assert session.principal.role == role
        assert accounts.people.get(workspace_id, session.account_id)["role"] == role
        assert accounts.sessions.workspaces(session.account_id)[0].role == role


def test_who_joined_before_single_sign_on_gets_their_role_back_too(enter, accounts, ada, workspace_id):
    join(accounts, workspace_id, "grace@shop.example", AccountRole.EDITOR)
    assert enter(groups=("leads",)).principal.role == AccountRole.ADMIN
    assert enter().principal.role == AccountRole.EDITOR


def test_the_default_role_demotes_nobody_who_was_invited_or_promoted(enter, accounts, ada, workspace_id):
    policy = Policy(roles=POLICY.roles, default_role=AccountRole.VIEWER)
    accounts.invitations.invite(workspace_id, email="grace@shop.example", role=AccountRole.ADMIN, by=OWNER)
    assert enter(policy=policy).principal.role == AccountRole.ADMIN
    bob = enter("8", policy=policy, email="bob@shop.example").account_id
    accounts.people.change(workspace_id, bob, Change(role=AccountRole.EDITOR), by=AccountRole.OWNER)
    assert enter("8", policy=policy).principal.role == AccountRole.EDITOR


def test_who_came_by_a_group_has_the_default_role_without_it(enter, accounts, ada, workspace_id):
    policy = Policy(roles=POLICY.roles, default_role=AccountRole.VIEWER)
    assert enter(policy=policy, groups=("leads",)).principal.role == AccountRole.ADMIN
    assert enter(policy=policy).principal.role == AccountRole.VIEWER
    assert enter(policy=policy, groups=("support",)).principal.role == AccountRole.AGENT
    with pytest.raises(SignOnRefused, match="any more"):
        enter(policy=POLICY)


def test_a_change_of_the_role_holds_at_once_and_until_the_groups_are_applied_again(enter, accounts, ada, workspace_id):
    accounts.invitations.invite(workspace_id, email="grace@shop.example", role=AccountRole.VIEWER, by=OWNER)
    grace = enter(groups=("leads",)).account_id
    accounts.people.change(workspace_id, grace, Change(role=AccountRole.EDITOR), by=AccountRole.OWNER)
    assert accounts.people.get(workspace_id, grace)["role"] == AccountRole.EDITOR
    assert [person["id"] for person in accounts.people.page(workspace_id, {"role": "editor"})[0]] == [grace]
    assert enter(groups=("leads",)).principal.role == AccountRole.ADMIN
    assert enter().principal.role == AccountRole.EDITOR


def test_an_owner_whom_a_group_makes_less_is_still_no_business_of_an_admin(enter, accounts, ada, workspace_id):
    grace = join(accounts, workspace_id, "grace@shop.example")
    assert enter(groups=("support",)).principal.role == AccountRole.AGENT
    with pytest.raises(RoleTooHigh):
        accounts.people.change(workspace_id, grace, Change(role=AccountRole.VIEWER), by=AccountRole.ADMIN)
    assert enter().principal.role == AccountRole.OWNER


def test_an_owner_by_group_counts_as_one_and_stays_while_there_is_no_other(enter, accounts, ada, workspace_id):
    policy = Policy(roles=(("bosses", AccountRole.OWNER),))
    accounts.invitations.invite(workspace_id, email="grace@shop.example", role=AccountRole.AGENT, by=OWNER)
    grace = enter(policy=policy, groups=("bosses",)).account_id
    accounts.people.remove(workspace_id, ada, by=AccountRole.OWNER)
    assert enter(policy=policy).principal.role == AccountRole.OWNER
    with pytest.raises(LastOwner):
        accounts.people.change(workspace_id, grace, Change(role=AccountRole.AGENT), by=AccountRole.OWNER)
    join(accounts, workspace_id, "bob@shop.example")
    assert enter(policy=policy).principal.role == AccountRole.AGENT


def test_an_unverified_address_opens_no_account_unless_the_provider_is_trusted(enter, ada, accounts):
    for options in ({"verified": False}, {"email": None}, {"email": "no address"}):
        with pytest.raises(SignOnRefused):
            enter(groups=("leads",), **{"email": "ada@shop.example", **options})
    trusting = Policy(default_role=AccountRole.AGENT, trusts_email=True)
    assert enter(policy=trusting, verified=False, email="ada@shop.example").account_id == ada


def test_who_set_an_account_up_for_an_address_that_is_not_theirs_loses_it(enter, accounts, workspace_id, ada):
    taken = join(accounts, workspace_id, "grace@shop.example", AccountRole.AGENT)  # by a link that was passed on
    intruder = accounts.entrance.enter("grace@shop.example", PASSWORD, client=Client()).token
    assert enter(groups=("support",)).account_id == taken
    with pytest.raises(SessionEnded):
        accounts.sessions.check(intruder)
    with pytest.raises(LoginRefused):
        accounts.entrance.enter("grace@shop.example", PASSWORD, client=Client())


def test_who_proved_an_address_keeps_the_password(enter, accounts, workspace_id, outbox, ada):
    accounts.mails.send_due()
    accounts.invitations.invite(workspace_id, email="grace@shop.example", role=AccountRole.AGENT, by=OWNER)
    accounts.mails.send_due()
    accounts.invitations.accept(outbox.token(), name="Grace", password=PASSWORD)
    account_id = enter(groups=("support",)).account_id
    assert accounts.entrance.enter("grace@shop.example", PASSWORD, client=Client()).account_id == account_id


def test_another_subject_with_the_same_address_is_the_same_person_and_another_issuer_is_not_assumed(enter, ada):
    first = enter("7", groups=("support",))
    assert enter("8", groups=("support",)).account_id == first.account_id
    assert enter("9", groups=("support",), email="other@shop.example").account_id != first.account_id


def test_the_last_owner_stays_one_whatever_the_groups_say(enter, accounts, ada, workspace_id):
    assert enter(groups=("support",), email="ada@shop.example").principal.role == AccountRole.OWNER
    assert enter(groups=(), email="ada@shop.example").principal.role == AccountRole.OWNER


@pytest.mark.parametrize("where", ["everywhere", "workspace"])
def test_disabled_people_stay_out(enter, accounts, ada, workspace_id, where):
    grace = enter(groups=("support",)).account_id
    if where == "everywhere":
        accounts.people.disable_everywhere(grace, disabled=True)
    else:
        accounts.people.change(workspace_id, grace, Change(state=MemberState.DISABLED), by=AccountRole.OWNER)
    with pytest.raises((SignOnRefused, NoWorkspace)):
        enter(groups=("support",))


def test_an_invitation_link_is_used_up_by_signing_on(enter, accounts, ada, workspace_id):
    made = accounts.invitations.invite(workspace_id, email="grace@shop.example", role=AccountRole.AGENT, by=OWNER)
    enter()
    with pytest.raises(LinkInvalid):
        accounts.invitations.accept(token_of(made.url), name="Eve", password=PASSWORD)
