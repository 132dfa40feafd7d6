"""Delays after failed logins: each one beyond a few makes the next wait longer, and nobody is locked out for good.

A browser in which somebody has logged in before keeps a token that only delays its own failures. So who guesses at an
address from elsewhere delays only browsers that are new to it (the device cookies of OWASP).
"""

import secrets

import sqlalchemy as sa

from worker.accounts.links import digest
from worker.errors import TriedTooOften
from worker.store.engine import Store
from worker.store.tables import login_delay
from worker.store.upsert import upsert_into

#: Failures without a delay, and the longest delay, in ms.
_FREE = 5
_MAX_DELAY_MS = 300_000

#: Failures are forgotten after a day without one; a browser is known for half a year.
_DAY_MS = 86_400_000
_KNOWN_MS = 180 * _DAY_MS


class LoginDelays:
    """Counts failed logins in SQL, for all processes together. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def admit(self, subject: str, *, device: str | None = None) -> None:
        """Count an attempt as failed until `succeed` is called, so that parallel attempts count.

        Args:
            subject: what is guessed at, such as an address, whether it exists or not.
            device: the token that `know` gave this browser.

        Raises:
            TriedTooOften: the delay after the failures before has not passed.
        """
        with self._store.begin() as tx:
            now = self._store.now(tx)
            tx.execute(login_delay.delete().where(login_delay.c.expires_at <= now))
            key = self._key(tx, subject, device)
            first = upsert_into(self._store, login_delay).values(key=key, failures=0, until_at=0, expires_at=now)
            tx.execute(first.on_conflict_do_nothing())
            row = tx.execute(sa.select(login_delay).where(login_delay.c.key == key).with_for_update()).one()
            wait_ms = row.until_at - now
            if wait_ms <= 0:
                failures = row.failures + 1
                until_at = now + delay_ms(failures)
                values = {"failures": failures, "until_at": until_at, "expires_at": max(row.expires_at, now + _DAY_MS)}
                tx.execute(login_delay.update().where(login_delay.c.key == key).values(**values))
        if wait_ms > 0:
            raise TriedTooOften(_after(wait_ms / 1_000), retry_after_s=wait_ms / 1_000)

    def succeed(self, subject: str, *, device: str | None = None) -> None:
        """Forget the failures that delay this browser."""
        with self._store.begin() as tx:
            key = self._key(tx, subject, device)
            if key == _digest(subject, ""):
                tx.execute(login_delay.delete().where(login_delay.c.key == key))
            else:
                tx.execute(login_delay.update().where(login_delay.c.key == key).values(failures=0, until_at=0))

    def know(self, *subjects: str, device: str | None = None) -> str:
        """Return the token of a browser in which a login was completed: it is delayed by its own failures only.

        Args:
            subjects: all that is guessed at of one person.
            device: the token that the browser sent, which it keeps if it is known for one of them.
        """
        with self._store.begin() as tx:
            until = self._store.now(tx) + _KNOWN_MS
            known = device and any(self._key(tx, subject, device) != _digest(subject, "") for subject in subjects)
            token = device if device and known else secrets.token_urlsafe(24)
            for subject in subjects:
                row = {"key": _digest(subject, token), "failures": 0, "until_at": 0, "expires_at": until}
                known_longer = upsert_into(self._store, login_delay).values(**row)
                tx.execute(known_longer.on_conflict_do_update(index_elements=["key"], set_={"expires_at": until}))
            return token

    def _key(self, tx: sa.Connection, subject: str, device: str | None) -> str:
        """Return the key of a browser that is known for a subject, else that of the subject."""
        if device:
            key = _digest(subject, device)
            if tx.execute(sa.select(login_delay.c.key).where(login_delay.c.key == key)).first():
                return key
        return _digest(subject, "")


def delay_ms(failures: int) -> int:
    """Return how long the next attempt has to wait after so many failures."""
    return 0 if failures < _FREE else min(_MAX_DELAY_MS, 1_000 * 2 ** min(failures - _FREE, 20))


def _digest(subject: str, device: str) -> str:
    return digest(f"{device}\n{subject}")


def _after(seconds: float) -> str:
    whole = max(1, round(seconds))
    wait = f"{whole} second{'s' * (whole != 1)}" if whole < 90 else f"{round(whole / 60)} minutes"
    return f"There were too many attempts. Try again in {wait}."
