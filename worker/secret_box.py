"""Encrypts secrets of workspaces and people in the database, with keys of the settings or one that the home keeps."""

import os
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from worker.errors import AnswerbackError


class SecretsUnreadable(AnswerbackError):
    """A secret was encrypted with another key: every machine needs the same ANSWERBACK_SECRET_KEYS or `secret-key`."""

    code = "secrets_unreadable"


class SecretBox:
    """Seals and opens texts. Safe to share between threads and processes.

    Args:
        keys: Fernet keys; the first seals, all open.
        file: where a key is kept without `keys`; it is made with the first secret.
    """

    def __init__(self, keys: Sequence[str], file: Path) -> None:
        self._keys = keys
        self._file = file

    @property
    def has_key(self) -> bool:
        """Whether there is a key already."""
        return bool(self._keys) or self._file.exists()

    def seal(self, text: str) -> str:
        """Return a text encrypted, for the database.

        Raises:
            SecretsUnreadable: there is no key, and none can be written.
        """
        if not self.has_key:
            try:
                _make(self._file)
            except OSError as error:
                raise SecretsUnreadable(
                    f"The key of secrets cannot be written to {self._file} ({error.strerror}): set "
                    "ANSWERBACK_SECRET_KEYS."
                ) from None
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the text that was sealed.

        Raises:
            SecretsUnreadable: it was sealed with another key, or it is none that was sealed.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise SecretsUnreadable from None

    def rotate(self, sealed: str) -> str:
        """Return the same secret, sealed with the first key; raises as `open`."""
        try:
            return self._fernet.rotate(sealed).decode()
        except InvalidToken:
            raise SecretsUnreadable from None

    @cached_property
    def _fernet(self) -> MultiFernet:
        keys = list(self._keys)
        if not keys:
            try:
                keys = self._file.read_text().split()
            except OSError:
                raise SecretsUnreadable from None
        try:
            return MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SecretsUnreadable(f"{self._file} does not hold a Fernet key.") from None


def _make(file: Path) -> None:
    """Write a new key, unless another process does so first; the file appears with all of its content."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".secret-key-")  # for its owner alone
    try:
        with os.fdopen(descriptor, "wb") as written:
            written.write(Fernet.generate_key() + b"\n")
        try:
            os.link(name, file)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()
