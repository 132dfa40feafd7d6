"""Passwords: how they are hashed, and which are good enough."""

import threading
from collections.abc import Sequence
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from worker.errors import Invalid

MIN_PASSWORD = 12
MAX_PASSWORD = 200

#: The estimate of zxcvbn, 0 to 4, that a password has to reach: 3 stands for more than 10**8 guesses.
_MIN_SCORE = 3

#: Characters that are estimated; the time of an estimate grows with the square of the length.
_MAX_ESTIMATED = 72

#: Passes, KiB and lanes: the least that OWASP's Password Storage Cheat Sheet names.
ARGON2 = (2, 19_456, 1)

#: Hashes that one process computes at the same time; each takes 19 MiB.
_MAX_AT_ONCE = 4


class Passwords:
    """Hashes and checks passwords with Argon2id. Thread-safe."""

    def __init__(self) -> None:
        time_cost, memory_cost, parallelism = ARGON2
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_cost, parallelism=parallelism)
        self._slots = threading.BoundedSemaphore(_MAX_AT_ONCE)

    @cached_property
    def _nobodys(self) -> str:
        """A hash of no password, so that an unknown address takes as long as a wrong password."""
        return self._hasher.hash("the password of nobody")

    def hash(self, password: str) -> str:
        """Return the hash of a password, with its salt and parameters."""
        with self._slots:
            return self._hasher.hash(password)

    def matches(self, hash: str | None, password: str) -> bool:
        """Whether a password has this hash; without a hash it takes as long, and is false."""
        known = self._nobodys if hash is None else hash
        try:
            with self._slots:
                return self._hasher.verify(known, password[:MAX_PASSWORD]) and hash is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, hash: str) -> bool:
        """Whether a hash was made with other parameters, so that the password is to be hashed again."""
        return self._hasher.check_needs_rehash(hash)


def check_new_password(password: str, *, words: Sequence[str] = ()) -> None:
    """Refuse a new password that is too short, or easy to guess.

    Args:
        words: of the person and the product, which a password does not consist of.

    Raises:
        Invalid: with what is wrong about it.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.", field="password")
    from zxcvbn import zxcvbn  # its lists of common passwords take 30 ms to load

    found = zxcvbn(password[:_MAX_ESTIMATED], user_inputs=[*words, "answerback"])
    if found["score"] < _MIN_SCORE:
        hint = found["feedback"]["warning"].rstrip(".") or "It is easy to guess"
        raise Invalid(
            f"{hint}. Choose a longer password, such as four words that do not belong together.", field="password"
        )
