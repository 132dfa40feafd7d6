"""The second factor: time-based codes (RFC 6238) of an authenticator app, and recovery codes for when it is lost."""

import secrets
from collections.abc import Sequence

import pyotp
import sqlalchemy as sa

from worker.accounts.errors import LoginRefused
from worker.accounts.mail import AccountMails
from worker.accounts.passwords import Passwords
from worker.errors import Conflict, Invalid, NotFound
from worker.secret_box import SecretBox
from worker.states import LetterKind
from worker.store.engine import Store
from worker.store.rows import Account
from worker.store.tables import account

ISSUER = "Answerback"

_STEP_MS = 30_000

#: Steps before and after the present one whose codes are accepted: the clocks of phones differ.
_MAX_DRIFT = 1

_RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without letters and digits that look alike


class SecondFactor:
    """Sets up, checks and removes second factors, whose secrets `secret_box` encrypts. Thread-safe."""

    def __init__(self, store: Store, mails: AccountMails, passwords: Passwords, secret_box: SecretBox) -> None:
        self._store = store
        self._mails = mails
        self._passwords = passwords
        self._secret_box = secret_box

    def begin(self, account_id: str) -> str:
        """Return a new secret, as the address that an authenticator app scans; it counts once it is confirmed.

        Raises:
            Conflict: there is a second factor already.
        """
        secret = pyotp.random_base32()
        with self._store.begin() as tx:
            person = _locked(tx, account_id)
            if person.totp_secret is not None:
                raise Conflict("Two-factor authentication is on already.")
            tx.execute(_update(account_id).values(totp_pending=self._secret_box.seal(secret)))
        return str(pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=ISSUER))

    def pending(self, account_id: str) -> str | None:
        """Return the address of a secret that waits for its confirmation, or None."""
        with self._store.read() as connection:
            row = connection.execute(sa.select(account.c.email, account.c.totp_pending).where(_is(account_id))).one()
        if row.totp_pending is None:
            return None
        totp = pyotp.TOTP(self._secret_box.open(row.totp_pending))
        return str(totp.provisioning_uri(name=row.email, issuer_name=ISSUER))

    def confirm(self, account_id: str, code: str) -> Sequence[str]:
        """Turn the second factor on with a first code; return the recovery codes, which only this response has.

        Raises:
            Invalid: the code is wrong.
            Conflict: nothing waits for its confirmation.
        """
        codes = [_recovery_code() for _ in range(_RECOVERY_CODES)]
        hashes = [self._passwords.hash(_plain(made)) for made in codes]
        with self._store.begin() as tx:
            person = _locked(tx, account_id)
            if person.totp_pending is None or person.totp_secret is not None:
                raise Conflict("Begin again: no secret waits for its confirmation.")
            step = self._step(tx, self._secret_box.open(person.totp_pending), code, after=None)
            if step is None:
                raise Invalid("This code is wrong. Check the clock of the phone, and enter the next one.", field="code")
            values = {
                "totp_secret": person.totp_pending,
                "totp_pending": None,
                "totp_step": step,
                "recovery_codes": hashes,
            }
            tx.execute(_update(account_id).values(**values))
            self._mails.queue(tx, LetterKind.SECOND_FACTOR_ON, person.email)
        return codes

    def check(self, account_id: str, code: str) -> None:
        """Accept a code of the app, or a recovery code; each works once.

        Raises:
            LoginRefused: the code is wrong or was used.
        """
        if _plain(code).isdigit():
            with self._store.begin() as tx:
                person = _locked(tx, account_id)
                secret = None if person.totp_secret is None else self._secret_box.open(person.totp_secret)
                step = None if secret is None else self._step(tx, secret, code, after=person.totp_step)
                if step is not None:
                    tx.execute(_update(account_id).values(totp_step=step))
                    return
        elif self._use_recovery_code(account_id, _plain(code)):
            return
        raise LoginRefused("This code is wrong or was used already. Enter the next one.")

    def _use_recovery_code(self, account_id: str, code: str) -> bool:
        """Whether a code was one that is left; it is not any more."""
        with self._store.read() as connection:
            left = connection.execute(sa.select(account.c.recovery_codes).where(_is(account_id))).scalar() or []
        used = next((hash for hash in left if self._passwords.matches(hash, code)), None)
        if used is None:
            return False
        with self._store.begin() as tx:
            still = _locked(tx, account_id).recovery_codes or []
            if used not in still:
                return False  # somebody used it meanwhile
            kept = [hash for hash in still if hash != used]
            tx.execute(_update(account_id).values(recovery_codes=kept))
        return True

    def remove(self, account_id: str) -> None:
        """Turn the second factor off; nothing happens where there is none."""
        values = {"totp_secret": None, "totp_pending": None, "totp_step": None, "recovery_codes": None}
        with self._store.begin() as tx:
            person = _locked(tx, account_id)
            tx.execute(_update(account_id).values(**values))
            if person.totp_secret is not None:
                self._mails.queue(tx, LetterKind.SECOND_FACTOR_OFF, person.email)

    def _step(self, tx: sa.Connection, secret: str, code: str, *, after: int | None) -> int | None:
        """Return the time step that a code is of, if it is near and after the last one that was accepted."""
        present, given = self._store.now(tx) // _STEP_MS, _plain(code)
        totp = pyotp.TOTP(secret)
        for step in range(present - _MAX_DRIFT, present + _MAX_DRIFT + 1):
            fits = pyotp.utils.strings_equal(totp.generate_otp(step), given)
            if fits and (after is None or step > after):
                return step
        return None


def _recovery_code() -> str:
    """Return ten random characters in two groups: 49 bits."""
    letters = [secrets.choice(_ALPHABET) for _ in range(10)]
    return "".join(letters[:5]) + "-" + "".join(letters[5:])


def _plain(code: str) -> str:
    """Return a code without the spaces and hyphens that people type."""
    return code.replace(" ", "").replace("-", "").strip().lower()[:40]


def _is(account_id: str) -> sa.ColumnElement[bool]:
    return account.c.id == account_id


def _update(account_id: str) -> sa.Update:
    return account.update().where(_is(account_id))


def _locked(tx: sa.Connection, account_id: str) -> Account:
    row = tx.execute(sa.select(account).where(_is(account_id)).with_for_update()).mappings().first()
    if row is None:
        raise NotFound("There is no account with this id.")
    return Account.from_row(row)
