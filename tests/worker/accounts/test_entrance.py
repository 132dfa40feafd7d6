"""People get in with what they know and have; others learn nothing, not even who exists."""

import time

import pyotp
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from tests.support.accounts import PASSWORD, join
from tests.support.fakes import TableClock
from tests.worker.accounts.test_second_factor import code, totp
from worker.accounts.entrance import LoggedIn, NeedsCode
from worker.accounts.errors import LinkInvalid, LoginRefused, SessionEnded
from worker.accounts.sessions import Client
from worker.errors import Invalid, TriedTooOften
from worker.store.tables import account, account_identity, account_mail, login_delay

CLIENT = Client(address="203.0.113.7", user_agent="Firefox")
NEW = "copper whale drafts limericks"


def enter(accounts, email="ada@shop.example", password=PASSWORD, **options):
    return accounts.entrance.enter(email, password, client=CLIENT, **options)


def test_an_address_in_any_case_and_its_password_begin_a_session(accounts, ada):
    entered = enter(accounts, " Ada@SHOP.example ")
    assert isinstance(entered, LoggedIn)
    session = accounts.sessions.check(entered.token)
    assert (session.account_id, session.method) == (ada, "password")


@pytest.mark.parametrize("who", ["wrong", "unknown", "invited", "disabled", "no address"])
def test_all_who_may_not_get_the_same_answer_after_the_same_time(accounts, ada, workspace_id, who):
    bob = join(accounts, workspace_id, "bob@shop.example")
    accounts.people.disable_everywhere(bob, disabled=True)
    from tests.support.accounts import OWNER

    accounts.invitations.invite(workspace_id, email="new@shop.example", role="agent", by=OWNER)
    email, password = {
        "wrong": ("ada@shop.example", PASSWORD + "x"),
        "unknown": ("nobody@shop.example", PASSWORD),
        "invited": ("new@shop.example", PASSWORD),
        "disabled": ("bob@shop.example", PASSWORD),
        "no address": ("ada", PASSWORD),
    }[who]
    with pytest.raises(LoginRefused) as refused:
        enter(accounts, email, password)
    assert str(refused.value) == "Incorrect e-mail address or password."


@pytest.mark.usefixtures("real_hashes")
def test_an_unknown_address_takes_as_long_as_a_wrong_password(accounts, ada):
    def spent(email):
        began = time.process_time()
        with pytest.raises(LoginRefused):
            enter(accounts, email, "wrong password")
        return time.process_time() - began

    spent("warm@shop.example")
    known = min(spent("ada@shop.example") for _ in range(4))
    unknown = min(spent(f"nobody{number}@shop.example") for number in range(4))
    assert 0.5 < unknown / known < 2


def test_failures_delay_even_the_right_password_but_not_in_a_browser_that_is_known(accounts, ada):
    device = enter(accounts).device
    for email in ("ada@shop.example", "nobody@shop.example"):
        for _ in range(5):
            with pytest.raises(LoginRefused):
                enter(accounts, email, "guess")
        with pytest.raises(TriedTooOften):
            enter(accounts, email)
    assert isinstance(enter(accounts, device=device), LoggedIn)


def test_a_second_factor_is_asked_for_after_the_password(accounts, ada, store):
    app = totp(accounts.second_factor.begin(ada))
    recovery = accounts.second_factor.confirm(ada, code(store, app))
    TableClock.advance(store, 60)
    waiting = enter(accounts)
    assert isinstance(waiting, NeedsCode)
    with pytest.raises(SessionEnded):
        accounts.sessions.check(waiting.token)
    entered = accounts.entrance.enter_code(waiting.token, code(store, app), client=CLIENT)
    assert accounts.sessions.check(entered.token).method == "code"
    with pytest.raises(LinkInvalid):  # the login is used up
        accounts.entrance.enter_code(waiting.token, code(store, app, steps=1), client=CLIENT)
    accounts.entrance.enter_code(enter(accounts).token, recovery[0], client=CLIENT)


def test_five_wrong_codes_end_a_login_and_many_delay_the_next(accounts, ada, store):
    app = totp(accounts.second_factor.begin(ada))
    accounts.second_factor.confirm(ada, code(store, app))
    TableClock.advance(store, 60)
    waiting = enter(accounts)
    for _ in range(5):
        with pytest.raises(LoginRefused):
            accounts.entrance.enter_code(waiting.token, "wrong-codes", client=CLIENT)
    with pytest.raises(LinkInvalid, match="password again"):
        accounts.entrance.enter_code(waiting.token, code(store, app), client=CLIENT)
    with pytest.raises(TriedTooOften):
        accounts.entrance.enter_code(enter(accounts).token, code(store, app), client=CLIENT)


def test_guesses_elsewhere_delay_neither_password_nor_code_in_a_browser_that_is_known(accounts, ada, store):
    app = totp(accounts.second_factor.begin(ada))
    recovery = accounts.second_factor.confirm(ada, code(store, app))
    device = accounts.entrance.enter_code(enter(accounts).token, recovery[0], client=CLIENT).device
    for guess in range(5):
        with pytest.raises(LoginRefused):
            accounts.entrance.enter_code(enter(accounts).token, f"wrong-{guess}", client=CLIENT)
    for _ in range(5):
        with pytest.raises(LoginRefused):
            enter(accounts, password="guess")
        TableClock.advance(store, 1)
    waiting = enter(accounts, device=device)
    entered = accounts.entrance.enter_code(waiting.token, recovery[1], client=CLIENT, device=device)
    assert entered.device == device


def test_a_password_without_its_code_makes_no_browser_known(accounts, ada, store):
    accounts.second_factor.confirm(ada, code(store, totp(accounts.second_factor.begin(ada))))
    for _ in range(3):
        enter(accounts)
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(login_delay)).scalar() == 0


def test_a_browser_stays_known_when_the_second_factor_is_turned_on(accounts, ada, store):
    device = enter(accounts).device
    recovery = accounts.second_factor.confirm(ada, code(store, totp(accounts.second_factor.begin(ada))))
    for _ in range(5):
        with pytest.raises(LoginRefused):
            accounts.entrance.enter_code(enter(accounts).token, "wrong-codes", client=CLIENT)
    waiting = enter(accounts, device=device)
    accounts.entrance.enter_code(waiting.token, recovery[0], client=CLIENT, device=device)


def test_a_login_that_waits_for_its_code_expires(accounts, ada, store):
    app = totp(accounts.second_factor.begin(ada))
    accounts.second_factor.confirm(ada, code(store, app))
    waiting = enter(accounts)
    TableClock.advance(store, 600)
    with pytest.raises(LinkInvalid):
        accounts.entrance.enter_code(waiting.token, code(store, app), client=CLIENT)


def test_a_forgotten_password_is_replaced_by_mail_and_all_sessions_end(accounts, ada, outbox):
    session = enter(accounts).token
    accounts.entrance.forgot("ADA@shop.example")
    accounts.mails.send_due()
    assert (outbox.sent[-1][0], outbox.link()[:43]) == (
        "ada@shop.example",
        "https://desk.example/console/reset?token=vT"[:41] + outbox.token()[:2],
    )
    token = outbox.token()
    accounts.entrance.check_reset(token)
    with pytest.raises(Invalid):
        accounts.entrance.reset(token, "too short")
    assert accounts.entrance.reset(token, NEW) == ada
    with pytest.raises(SessionEnded):
        accounts.sessions.check(session)
    with pytest.raises(LoginRefused):
        enter(accounts)
    enter(accounts, password=NEW)
    with pytest.raises(LinkInvalid):
        accounts.entrance.reset(token, PASSWORD)
    accounts.mails.send_due()
    assert outbox.sent[-1][1].startswith("The password was changed")
    assert accounts.entrance.account(ada).verified_at is not None


def test_asking_for_a_new_password_does_the_same_for_every_address_and_not_too_often(accounts, ada, store, outbox):
    def queued():
        with store.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(account_mail)).scalar()

    before = queued()
    for email in ("ada@shop.example", "nobody@shop.example"):
        for _ in range(8):
            accounts.entrance.forgot(email)
    accounts.entrance.forgot("no address")
    assert queued() - before == 2 * 5
    accounts.mails.send_due()
    assert {to for to, _subject, _text in outbox.sent if to.startswith("nobody")} == set()


def test_a_new_password_leaves_the_second_factor(accounts, ada, store):
    accounts.second_factor.confirm(ada, code(store, totp(accounts.second_factor.begin(ada))))
    link = accounts.entrance.reset_link(ada)
    accounts.entrance.reset(link.partition("token=")[2], NEW)
    assert isinstance(enter(accounts, password=NEW), NeedsCode)


def reset_by_mail(accounts, outbox, email="ada@shop.example"):
    accounts.entrance.forgot(email)
    accounts.mails.send_due()
    accounts.entrance.reset(outbox.token(), NEW)
    accounts.mails.send_due()


def test_the_owner_of_an_address_gets_in_by_mail_whatever_was_set_up_for_it_before(accounts, ada, store, outbox):
    accounts.second_factor.confirm(ada, code(store, totp(accounts.second_factor.begin(ada))))  # by a link passed on
    with store.begin() as tx:
        identity = {"issuer": "https://id.example", "subject": "7", "account_id": ada, "created_at": 1}
        tx.execute(account_identity.insert().values(**identity))
    reset_by_mail(accounts, outbox)
    assert isinstance(enter(accounts, password=NEW), LoggedIn)
    assert accounts.entrance.account(ada).recovery_codes is None
    with store.read() as connection:
        assert connection.execute(sa.select(account_identity)).all() == []
    assert {"Two-factor" in subject or "two-factor" in subject for _to, subject, _text in outbox.sent[-2:]} == {
        True,
        False,
    }


def test_a_secret_that_was_shown_before_an_address_was_proved_is_never_confirmed(accounts, ada, outbox):
    accounts.second_factor.begin(ada)
    reset_by_mail(accounts, outbox)
    assert accounts.second_factor.pending(ada) is None


def test_a_new_password_by_mail_leaves_the_second_factor_of_who_proved_the_address(accounts, ada, store, outbox):
    reset_by_mail(accounts, outbox)
    accounts.second_factor.confirm(ada, code(store, totp(accounts.second_factor.begin(ada))))
    reset_by_mail(accounts, outbox)
    assert isinstance(enter(accounts, password=NEW), NeedsCode)


def test_a_newer_link_of_the_operator_ends_the_older_and_proves_no_address(accounts, ada):
    first, second = (accounts.entrance.reset_link(ada).partition("token=")[2] for _ in range(2))
    with pytest.raises(LinkInvalid):
        accounts.entrance.check_reset(first)
    accounts.entrance.reset(second, NEW)
    assert accounts.entrance.account(ada).verified_at is None


def test_the_password_is_changed_by_who_knows_it_and_the_other_sessions_end(accounts, ada, outbox):
    here, there = enter(accounts).token, enter(accounts).token
    id = accounts.sessions.check(here).id
    with pytest.raises(Invalid, match="current password"):
        accounts.entrance.change_password(ada, current="guess", new=NEW, session_id=id)
    with pytest.raises(Invalid, match="12"):
        accounts.entrance.change_password(ada, current=PASSWORD, new="short", session_id=id)
    accounts.entrance.change_password(ada, current=PASSWORD, new=NEW, session_id=id)
    accounts.sessions.check(here)
    with pytest.raises(SessionEnded):
        accounts.sessions.check(there)
    enter(accounts, password=NEW)
    accounts.mails.send_due()
    assert outbox.sent[-1][1].startswith("The password was changed")


def test_guesses_at_the_current_password_are_delayed_as_well(accounts, ada):
    for _ in range(5):
        with pytest.raises(Invalid):
            accounts.entrance.require_password(ada, "guess")
    with pytest.raises(TriedTooOften):
        accounts.entrance.require_password(ada, PASSWORD)


def test_who_guesses_at_the_current_password_elsewhere_does_not_delay_a_browser_that_is_known(accounts, ada):
    device = enter(accounts).device
    for _ in range(5):
        with pytest.raises(Invalid):
            accounts.entrance.require_password(ada, "guess")
    accounts.entrance.require_password(ada, PASSWORD, device=device)


@pytest.mark.usefixtures("real_hashes")
def test_a_hash_with_older_parameters_is_renewed_at_the_next_login(accounts, ada, store):
    old = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1).hash(PASSWORD)
    with store.begin() as tx:
        tx.execute(account.update().where(account.c.id == ada).values(password=old))
    enter(accounts)
    assert "m=19456" in accounts.entrance.account(ada).password
    enter(accounts)


def test_a_new_name_is_one_line(accounts, ada):
    accounts.entrance.rename(ada, " Ada  King ")
    assert accounts.entrance.account(ada).name == "Ada King"
    with pytest.raises(Invalid):
        accounts.entrance.rename(ada, " ")


def test_a_second_factor_that_is_shown_before_it_is_on_asks_for_no_code(accounts, ada):
    pyotp.parse_uri(accounts.second_factor.begin(ada))
    assert isinstance(enter(accounts), LoggedIn)
