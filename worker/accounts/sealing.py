"""Encryption of secrets in the database, where the operator gave keys for it."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from worker.errors import AnswerbackError

_PLAIN, _SEALED = "plain:", "fernet:"


class SecretUnreadable(AnswerbackError):
    """A secret was encrypted with a key that ANSWERBACK_SESSION_KEYS does not have any more."""

    code = "secret_unreadable"


class Sealer:
    """Encrypts and decrypts texts; the first key encrypts, all decrypt. Without keys, texts are kept as they are."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None

    def seal(self, text: str) -> str:
        """Return a text as it is kept."""
        return _PLAIN + text if self._fernet is None else _SEALED + self._fernet.encrypt(text.encode()).decode()

    def unseal(self, kept: str) -> str:
        """Return the text that `seal` was given; one from before there were keys is read as well.

        Raises:
            SecretUnreadable: the key that it was encrypted with is gone.
        """
        if kept.startswith(_PLAIN):
            return kept.removeprefix(_PLAIN)
        try:
            if self._fernet is None:
                raise SecretUnreadable
            return self._fernet.decrypt(kept.removeprefix(_SEALED).encode()).decode()
        except InvalidToken:
            raise SecretUnreadable from None
