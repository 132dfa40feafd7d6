"""Secrets are encrypted with a key of the installation."""

import stat

import pytest
from cryptography.fernet import Fernet

from worker.secret_box import SecretBox, SecretsUnreadable


def test_the_key_is_made_once_for_all_processes_and_only_its_owner_reads_it(tmp_path):
    file = tmp_path / "home" / "secret-key"
    first, second = SecretBox((), file), SecretBox((), file)
    sealed = first.seal("sk-secret")
    assert "sk-secret" not in sealed
    assert second.open(sealed) == "sk-secret"
    assert first.open(second.seal("other")) == "other"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret-key"]


def test_keys_of_the_settings_can_be_rotated(tmp_path):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    unused = tmp_path / "secret-key"
    sealed = SecretBox((old,), unused).seal("sk-secret")
    rotated = SecretBox((new, old), unused)
    assert rotated.open(sealed) == "sk-secret"
    with pytest.raises(SecretsUnreadable):
        SecretBox((old,), unused).open(rotated.seal("sk-secret"))
    new_alone = SecretBox((new,), unused)
    assert new_alone.open(rotated.rotate(sealed)) == "sk-secret"
    with pytest.raises(SecretsUnreadable):
        new_alone.rotate(sealed)
    assert not unused.exists()


def test_a_machine_without_the_key_says_what_it_needs(tmp_path):
    sealed = SecretBox((), tmp_path / "one").seal("sk-secret")
    with pytest.raises(SecretsUnreadable, match="ANSWERBACK_SECRET_KEYS"):
        SecretBox((), tmp_path / "two").open(sealed)
    (tmp_path / "three").write_text("not a key")
    with pytest.raises(SecretsUnreadable, match="does not hold a Fernet key"):
        SecretBox((), tmp_path / "three").open(sealed)
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretsUnreadable, match="cannot be written"):
        SecretBox((), tmp_path / "file" / "secret-key").seal("x")
