"""Codes of the authenticator app and recovery codes: each works once."""

from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from cryptography.fernet import Fernet

from tests.support.accounts import accounts_of, join
from tests.support.fakes import TableClock
from worker.accounts.errors import LoginRefused
from worker.errors import Conflict, Invalid
from worker.secret_box import SecretsUnreadable


def totp(url):
    return pyotp.TOTP(parse_qs(urlsplit(url).query)["secret"][0])


def code(store, app, *, steps=0):
    """Return the code that a phone shows now, or some steps later."""
    with store.read() as connection:
        return app.generate_otp(store.now(connection) // 30_000 + steps)


@pytest.fixture
def app(accounts, ada, store):
    """An authenticator app whose second factor is on, a step after its first code."""
    made = totp(accounts.second_factor.begin(ada))
    accounts.second_factor.confirm(ada, code(store, made))
    TableClock.advance(store, 60)
    return made


def test_the_secret_is_scanned_and_counts_once_a_code_confirms_it(accounts, ada, store):
    url = accounts.second_factor.begin(ada)
    assert url.startswith("otpauth://totp/Answerback:ada%40shop.example?secret=")
    assert accounts.second_factor.pending(ada) == url
    assert not accounts.people.page(accounts.entrance.account(ada).workspace_id)[0][0]["second_factor"]
    with pytest.raises(Invalid):
        accounts.second_factor.confirm(ada, "000000" if code(store, totp(url)) != "000000" else "111111")
    codes = accounts.second_factor.confirm(ada, code(store, totp(url)))
    assert len(set(codes)) == 10
    assert accounts.second_factor.pending(ada) is None
    for again in (lambda: accounts.second_factor.begin(ada), lambda: accounts.second_factor.confirm(ada, "123456")):
        with pytest.raises(Conflict):
            again()


def test_a_code_works_once_and_not_after_a_later_one(accounts, ada, store, app):
    now, later = code(store, app), code(store, app, steps=1)
    accounts.second_factor.check(ada, f"{now[:3]} {now[3:]}")
    with pytest.raises(LoginRefused):
        accounts.second_factor.check(ada, now)
    accounts.second_factor.check(ada, later)
    for old in (now, later):
        with pytest.raises(LoginRefused):
            accounts.second_factor.check(ada, old)


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_the_clock_of_a_phone_may_differ_by_half_a_minute(accounts, ada, store, app, steps, accepted):
    if accepted:
        accounts.second_factor.check(ada, code(store, app, steps=steps))
        return
    with pytest.raises(LoginRefused):
        accounts.second_factor.check(ada, code(store, app, steps=steps))


def test_each_recovery_code_works_once_however_it_is_typed(accounts, ada, store):
    codes = accounts.second_factor.confirm(ada, code(store, totp(accounts.second_factor.begin(ada))))
    accounts.second_factor.check(ada, codes[0])
    accounts.second_factor.check(ada, f" {codes[1].replace('-', ' ').upper()} ")
    for used in (codes[0], codes[1], "abcde-fghjk", "", "-"):
        with pytest.raises(LoginRefused):
            accounts.second_factor.check(ada, used)
    assert len(accounts.entrance.account(ada).recovery_codes) == 8
    assert not set(codes) & set(accounts.entrance.account(ada).recovery_codes)


def test_turning_it_off_forgets_the_secret_and_the_codes_and_tells_the_person(accounts, ada, store, app, outbox):
    accounts.second_factor.remove(ada)
    person = accounts.entrance.account(ada)
    assert (person.totp_secret, person.recovery_codes) == (None, None)
    with pytest.raises(LoginRefused):
        accounts.second_factor.check(ada, code(store, app))
    accounts.mails.send_due()
    assert [subject.partition(" –")[0] for _to, subject, _text in outbox.sent[-2:]] == [
        "Two-factor authentication was turned on",
        "Two-factor authentication was turned off",
    ]


def test_secrets_are_encrypted_and_keys_can_be_exchanged(store, workspace_id):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = accounts_of(store, None, secret_keys=(old,))
    bob = join(sealed, workspace_id, "bob@shop.example")
    theirs = totp(sealed.second_factor.begin(bob))
    sealed.second_factor.confirm(bob, code(store, theirs))
    assert theirs.secret not in sealed.entrance.account(bob).totp_secret
    TableClock.advance(store, 60)
    accounts_of(store, None, secret_keys=(new, old)).second_factor.check(bob, code(store, theirs))
    TableClock.advance(store, 60)
    with pytest.raises(SecretsUnreadable, match="ANSWERBACK_SECRET_KEYS"):
        accounts_of(store, None, secret_keys=(new,)).second_factor.check(bob, code(store, theirs))
