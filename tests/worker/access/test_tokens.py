"""Tokens open one conversation, sessions the console, and both end with the key that signed them."""

import time

import pytest

from worker.access.keys import Keys
from worker.access.tokens import MAX_TOKEN_S, Logins, Tokens, is_token
from worker.errors import KeyRefused

PASSWORD = "correct horse battery"
SHOP = "https://shop.example"


class Clock:
    """A clock that the test sets, in Unix seconds."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(store):
    return Keys(store)


@pytest.fixture
def principal(keys, workspace_id):
    return keys.check(keys.make(workspace_id, name="desk", scopes=["read", "write"]))


@pytest.fixture
def key_id(principal):
    return principal.key_id


@pytest.fixture
def tokens(store, clock):
    return Tokens(store, clock=clock)


def test_a_token_opens_its_conversation_and_has_no_scope_of_its_key(tokens, principal):
    token, _ = tokens.make(principal, "conv_1", for_s=60)
    assert is_token(token)
    found = tokens.check(token, origin=None)
    assert (found.conversation_id, found.scopes, found.workspace_id) == ("conv_1", frozenset(), principal.workspace_id)


def test_a_token_expires_and_lives_a_day_at_most(tokens, principal, clock):
    token, expires = tokens.make(principal, "conv_1", for_s=10 * MAX_TOKEN_S)
    assert expires == int(clock.now + MAX_TOKEN_S)
    clock.now += MAX_TOKEN_S + 1
    with pytest.raises(KeyRefused, match="expired"):
        tokens.check(token, origin=None)


def test_a_token_of_one_page_does_not_work_on_another(tokens, principal):
    token, _ = tokens.make(principal, "conv_1", for_s=60, origin=SHOP)
    assert tokens.check(token, origin=SHOP).conversation_id == "conv_1"
    for origin in ("https://evil.example", None):
        with pytest.raises(KeyRefused, match="origin"):
            tokens.check(token, origin=origin)


def test_a_changed_token_is_refused(tokens, principal):
    token, _ = tokens.make(principal, "conv_1", for_s=60)
    other, _ = tokens.make(principal, "conv_2", for_s=60)
    head, _, signature = token.rpartition(".")
    swapped = other.rpartition(".")[0] + "." + signature
    changed = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]  # the last one may carry unused bits
    for text in (swapped, changed, head, "abt_", ""):
        with pytest.raises(KeyRefused, match="not valid"):
            tokens.check(text, origin=None)


def test_a_revoked_key_ends_its_tokens(tokens, principal, keys):
    token, _ = tokens.make(principal, "conv_1", for_s=60)
    keys.revoke(principal.key_id)
    with pytest.raises(KeyRefused):
        tokens.check(token, origin=None)


def test_a_session_is_renewed_until_its_first_token_is_too_old(tokens, principal, clock):
    token, _ = tokens.make(principal, "conv_1", for_s=60, origin=SHOP)
    clock.now += 50
    conversation_id, token, expires = tokens.renew(principal, token, for_s=60, max_age_s=100, origin=SHOP)
    assert (conversation_id, expires) == ("conv_1", int(clock.now + 60))
    clock.now += 51
    with pytest.raises(KeyRefused, match="session has expired"):
        tokens.renew(principal, token, for_s=60, max_age_s=100, origin=SHOP)


def test_another_key_or_page_cannot_renew_a_session(tokens, principal, keys, workspace_id):
    token, _ = tokens.make(principal, "conv_1", for_s=60, origin=SHOP)
    other = keys.check(keys.make(workspace_id, name="other"))
    for who, origin in ((other, SHOP), (principal, None)):
        with pytest.raises(KeyRefused, match="renewed"):
            tokens.renew(who, token, for_s=60, max_age_s=100, origin=origin)


def test_a_token_of_a_conversation_is_no_session_of_the_console(tokens, store, principal):
    token, _ = tokens.make(principal, "conv_1", for_s=60)
    with pytest.raises(KeyRefused):
        Logins(store).check(token.removeprefix("abt_"))


def test_each_session_of_the_console_has_a_csrf_token_of_its_own_and_expires(store, principal, clock):
    logins = Logins(store, clock=clock)
    first, second = (logins.make(principal, for_s=60) for _ in range(2))
    assert logins.check(first)[1] != logins.check(second)[1]
    clock.now += 61
    with pytest.raises(KeyRefused, match="expired"):
        logins.check(first)
