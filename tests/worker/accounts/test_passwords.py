"""Passwords are hashed slowly, and guessable ones are refused."""

import time

import pytest
from argon2 import PasswordHasher

from tests.support.accounts import PASSWORD
from worker.accounts.passwords import Passwords, check_new_password
from worker.errors import Invalid


@pytest.mark.usefixtures("real_hashes")
def test_a_password_is_known_by_its_argon2id_hash_alone():
    passwords = Passwords()
    hash = passwords.hash(PASSWORD)
    assert hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hash != passwords.hash(PASSWORD)
    assert passwords.matches(hash, PASSWORD)
    assert not passwords.matches(hash, PASSWORD + " ")
    assert not passwords.matches("scrypt:no argon2", PASSWORD)
    assert not passwords.is_outdated(hash)
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD))


@pytest.mark.usefixtures("real_hashes")
def test_nobody_takes_as_long_as_a_wrong_password():
    passwords = Passwords()
    hash = passwords.hash(PASSWORD)
    passwords.matches(None, "warm")

    def spent(of):
        began = time.process_time()
        assert not passwords.matches(of, "wrong")
        return time.process_time() - began

    known, unknown = (min(spent(of) for _ in range(7)) for of in (hash, None))
    assert 0.6 < unknown / known < 1.6


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "x" * 201,
        "password1234",  # common
        "qwertyuiop12",
        "aaaaaaaaaaaaaa",
        "Lovelace1815",  # the person
        "answerback2026",  # the product
    ],
)
def test_a_password_that_is_short_common_or_about_the_person_is_refused(password):
    with pytest.raises(Invalid) as refused:
        check_new_password(password, words=("Ada", "Lovelace", "ada@shop.example"))
    assert refused.value.field == "password"
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password", [PASSWORD, "pass phrase with ünïcödé 🚲 spaces", "k" + "7fQz!" * 20, "Zw9#kPl2vBx0"]
)
def test_long_passwords_may_have_any_characters(password):
    check_new_password(password, words=("Ada",))
    passwords = Passwords()
    assert passwords.matches(passwords.hash(password), password)
