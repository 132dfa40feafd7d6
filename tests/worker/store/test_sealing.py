"""Secrets are unreadable in a database that leaks, and those that were stored before there was a key still work."""

import pytest
from cryptography.fernet import Fernet

from worker.secret_box import SecretBox, SecretsUnreadable
from worker.store.sealing import Sealing, is_sealed, password_of, with_password

URL = "imaps://support%40desk.example:p%40ss%3Aword@imap.desk.example:993"


@pytest.fixture
def sealing(tmp_path):
    return lambda *keys: Sealing(SecretBox(keys, tmp_path / "secret-key"))


def test_a_sealed_text_is_opened_again_and_one_from_before_is_read_as_it_is(sealing):
    sealed = sealing().seal("xoxb-token")
    assert is_sealed(sealed)
    assert "xoxb" not in sealed
    assert sealing().open(sealed) == "xoxb-token"
    assert sealing().open("xoxb-token") == "xoxb-token"
    assert sealing().seal("") == ""


def test_a_text_that_looks_sealed_is_a_secret_like_others(sealing):
    assert sealing().open(sealing().seal("sealed:x")) == "sealed:x"


def test_of_a_url_the_password_alone_is_sealed(sealing):
    sealed = sealing().seal_url(URL)
    assert password_of(URL) not in sealed
    assert with_password(sealed, "") == "imaps://support%40desk.example@imap.desk.example:993"
    assert sealing().open_url(sealed) == URL
    assert sealing().seal_url("smtp://mail.desk.example") == "smtp://mail.desk.example"


def test_with_the_new_key_alone_all_is_read_after_the_rotation(sealing):
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    for column, text in (("token", "t"), ("imap_url", URL)):
        stored = sealing(old).renew(column, text)
        rotated = sealing(new, old).renew(column, stored)
        opened = sealing(new).open_url(rotated) if column == "imap_url" else sealing(new).open(rotated)
        assert opened == text
    with pytest.raises(SecretsUnreadable):
        sealing(old).open_url(rotated)


def test_a_database_that_is_opened_without_keys_takes_no_secret():
    assert not Sealing(None).has_key
    with pytest.raises(SecretsUnreadable):
        Sealing(None).seal("t")
