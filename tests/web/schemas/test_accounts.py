"""Changes of people say what they change."""

import pytest
from marshmallow import ValidationError

from web.schemas.accounts import AccountChange, NewAccount


def test_keys_are_revoked_with_the_person_only():
    assert AccountChange().load({"state": "disabled", "revoke_keys": True}) == {
        "state": "disabled",
        "revoke_keys": True,
    }
    for change in ({"revoke_keys": True}, {"state": "active", "revoke_keys": True}):
        with pytest.raises(ValidationError, match="state"):
            AccountChange().load(change)


def test_an_address_is_one_line():
    with pytest.raises(ValidationError):
        NewAccount().load({"email": "a@b.c\nBcc: d@e.f", "role": "agent"})
