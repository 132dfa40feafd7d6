"""Secrets are encrypted where there are keys."""

import pytest
from cryptography.fernet import Fernet

from worker.accounts.sealing import Sealer, SecretUnreadable


def test_a_text_is_read_with_any_key_that_is_left_and_kept_as_it_is_without_keys():
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    kept = Sealer([first]).seal("secret")
    assert "secret" not in kept
    assert Sealer([second, first]).unseal(kept) == "secret"
    plain = Sealer().seal("secret")
    assert Sealer([first]).unseal(plain) == Sealer().unseal(plain) == "secret"
    for without in (Sealer(), Sealer([second])):
        with pytest.raises(SecretUnreadable):
            without.unseal(kept)
