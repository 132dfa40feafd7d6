"""Consents of mailboxes (OAuth 2): refresh tokens, exchanged for access tokens that log in to IMAP and SMTP.

One process at a time renews the tokens of a mailbox, under a lease: with its use, a refresh token may become worthless.
What a provider refuses for good needs a person; then it is not asked again.
"""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

import sqlalchemy as sa

from worker.addresses import Guard
from worker.errors import Invalid
from worker.mail_servers import BearerLogin
from worker.mailboxes import device_code
from worker.mailboxes.imap import MailboxUnavailable
from worker.mailboxes.oauth_client import ProviderRefused, ProviderUnavailable, ask
from worker.mailboxes.oauth_providers import DEFAULT_TENANT, OTHER, PROVIDERS
from worker.secret_box import SecretsUnreadable
from worker.store.engine import Store
from worker.store.rows import Mailbox
from worker.store.tables import mailbox
from worker.telemetry import logs

log = logs.get(__name__)

#: An access token is not used in its last minute. Without `expires_in` it counts as valid for this long, and never for
#: longer than ten years, in ms.
_MARGIN_MS = 60_000
_DEFAULT_EXPIRY_MS = 300_000
_MAX_EXPIRY_MS = 10 * 365 * 86_400_000

#: How long one process may ask for tokens before another does, and how long another waits for it.
_LEASE_MS = 20_000
_WAIT_S = 25.0

#: Errors after which no other attempt helps before a person has acted (RFC 6749, 5.2; OpenID Connect Core, 3.1.2.6).
_FINAL = {
    "invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type",
    "access_denied", "interaction_required", "consent_required", "login_required",
}  # fmt: skip


class ConsentState(StrEnum):
    """State of the consent by which a mailbox is logged in to: connected, or a person has to consent anew."""

    CONNECTED = "connected"
    CONSENT_NEEDED = "consent_needed"


class ConsentNeeded(MailboxUnavailable):
    """A person has to consent anew: `answerback mailbox authorize`."""

    code = "consent_needed"


@dataclass(frozen=True, kw_only=True)
class Consent:
    """The part of a consent that is no secret, as it is stored; times in ms."""

    provider: str
    client_id: str
    token_url: str
    scope: str
    state: str = ConsentState.CONNECTED
    error: str | None = None
    refresh_expires_at: int | None = None
    renewed_at: int | None = None


class Consents:
    """Keeps the consents of mailboxes. Safe to share between threads and processes."""

    def __init__(self, store: Store, guard: Guard) -> None:
        self._store = store
        self._guard = guard
        self._now = store.clock.sql()

    def columns(self, given: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the columns of a mailbox for a consent that is given, or for none.

        Raises:
            Invalid: a field is missing, or the provider may not be called.
        """
        if given is None:
            return {"oauth": None, "oauth_secrets": None, "oauth_until": None}
        provider = PROVIDERS.get(given["provider"])
        token_url = given.get("token_url") or (provider.token_url if provider else None)
        if not token_url:
            raise Invalid(f"The provider {OTHER} needs its `token_url`.", field="oauth")
        token_url = token_url.replace("{tenant}", given.get("tenant") or DEFAULT_TENANT)
        self._guard.check_url(token_url, field="oauth")
        consent = Consent(
            provider=given["provider"],
            client_id=given["client_id"],
            token_url=token_url,
            scope=given.get("scope") or (provider.scope if provider else ""),
        )
        kept = {"client_secret": given.get("client_secret"), "refresh_token": given["refresh_token"]}
        sealed = self._store.sealing.seal(json.dumps(kept))
        return {"oauth": asdict(consent), "oauth_secrets": sealed, "oauth_until": None}

    def refresh_token_by_code(self, given: Mapping[str, str], *, show: Callable[[str, str], None]) -> str | None:
        """Return the refresh token of a person who consents in a browser, or None where a provider has no codes.

        Args:
            given: what is known of the consent, as for `columns`.
            show: called with the URL to open and the code to enter there.

        Raises:
            ProviderRefused: the person declined, the code has expired, or the app gets no codes.
            ProviderUnavailable: the provider gave no answer.
        """
        provider = PROVIDERS.get(given["provider"])
        if provider is None or provider.device_url is None:
            return None
        tenant, client_id = given.get("tenant") or DEFAULT_TENANT, given["client_id"]
        device_url, token_url = (url.replace("{tenant}", tenant) for url in (provider.device_url, provider.token_url))
        scope = given.get("scope") or provider.scope
        begun = device_code.begin(self._guard, device_url, client_id=client_id, scope=scope)
        show(begun.url, begun.user_code)
        return device_code.refresh_token(
            self._guard, token_url, begun, client_id=client_id, client_secret=given.get("client_secret")
        )

    def login(self, row: Mailbox) -> BearerLogin:
        """Return how to log in to the servers of a mailbox, with a new access token if there is none that is valid.

        Raises:
            ConsentNeeded: a person has to consent anew; the provider was not asked, or said so now.
            MailboxUnavailable: the provider gave no answer; another attempt may get one.
        """
        token = self._access_token(row.id)
        return BearerLogin(token=token, refused=partial(self._forget, row.id, token))

    def _access_token(self, id: str) -> str:
        ends = time.monotonic() + _WAIT_S
        while True:
            row, now = self._read(id)
            consent, kept = Consent(**(row.oauth or {})), self._secrets(row)
            if consent.state == ConsentState.CONSENT_NEEDED:
                raise ConsentNeeded(consent.error)
            if kept.get("access_token") and kept["expires_at"] - _MARGIN_MS > now:
                return str(kept["access_token"])
            if (lease := self._lease(row)) is not None:
                return self._renew(row, consent, kept, lease)
            if time.monotonic() >= ends:
                raise MailboxUnavailable("Another process asks for a token, and gets no answer.")
            time.sleep(0.1)

    def _renew(self, row: Mailbox, consent: Consent, kept: dict[str, Any], lease: int) -> str:
        """Exchange the refresh token, store what the provider returned, and return the access token."""
        now = lease - _LEASE_MS
        if (consent.refresh_expires_at or now) < now:
            raise self._end(row, consent, lease, "The consent has expired.")
        form = {
            "grant_type": "refresh_token",
            "client_id": consent.client_id,
            "refresh_token": kept["refresh_token"],
            **({"client_secret": kept["client_secret"]} if kept.get("client_secret") else {}),
            **({"scope": consent.scope} if consent.scope else {}),
        }
        try:
            answer = ask(self._guard, consent.token_url, form)
            token = str(answer["access_token"])
            lasts_ms = _lasts_ms(answer.get("expires_in") or None)
            refresh_lasts_ms = _lasts_ms(answer.get("refresh_token_expires_in"))
        except ProviderRefused as error:
            if error.error in _FINAL:
                raise self._end(row, consent, lease, str(error)) from error
            raise self._give_back(row, lease, str(error)) from error
        except ProviderUnavailable as error:
            raise self._give_back(row, lease, str(error)) from error
        except (KeyError, TypeError, ValueError) as error:
            raise self._give_back(row, lease, "The provider's answer has no access token.") from error
        expires_at = consent.refresh_expires_at if refresh_lasts_ms is None else now + refresh_lasts_ms
        renewed = replace(consent, renewed_at=now, refresh_expires_at=expires_at)
        secrets = {
            **kept,
            "refresh_token": answer.get("refresh_token") or kept["refresh_token"],
            "access_token": token,
            "expires_at": now + (_DEFAULT_EXPIRY_MS if lasts_ms is None else lasts_ms),
        }
        self._write(row, lease, oauth=asdict(renewed), oauth_secrets=self._store.sealing.seal(json.dumps(secrets)))
        return token

    def _end(self, row: Mailbox, consent: Consent, lease: int, error: str) -> ConsentNeeded:
        """Record that a person has to consent anew; return the error to raise."""
        reason = f"A new consent is needed, see `answerback mailbox authorize`: {error}"
        log.error("consent_needed", mailbox_id=row.id, cause=error)
        self._write(row, lease, oauth=asdict(replace(consent, state=ConsentState.CONSENT_NEEDED, error=reason)))
        return ConsentNeeded(reason)

    def _give_back(self, row: Mailbox, lease: int, error: str) -> MailboxUnavailable:
        self._write(row, lease)
        return MailboxUnavailable(f"No token to log in with: {error}")

    def _forget(self, id: str, token: str) -> None:
        """Forget an access token that a server refuses, so that the next attempt gets another."""
        row, _now = self._read(id)
        kept = self._secrets(row)
        if kept.get("access_token") == token and (lease := self._lease(row)) is not None:
            sealed = self._store.sealing.seal(json.dumps({**kept, "access_token": None}))
            self._write(row, lease, oauth_secrets=sealed)

    def _read(self, id: str) -> tuple[Mailbox, int]:
        with self._store.read() as connection:
            found = connection.execute(sa.select(mailbox).where(mailbox.c.id == id)).mappings().first()
            if found is None or found["oauth"] is None:
                raise MailboxUnavailable("The mailbox has no consent any more.")
            return Mailbox.from_row(found), self._store.now(connection)

    def _secrets(self, row: Mailbox) -> dict[str, Any]:
        try:
            kept: dict[str, Any] = json.loads(self._store.sealing.open(row.oauth_secrets or "{}"))
        except SecretsUnreadable as error:
            raise MailboxUnavailable(str(error)) from error
        return kept

    def _lease(self, row: Mailbox) -> int | None:
        """Take the right to renew the tokens that were read; return its end, or None while another process has it."""
        free = sa.or_(mailbox.c.oauth_until.is_(None), mailbox.c.oauth_until <= self._now)
        taken = (
            mailbox.update()
            .where(mailbox.c.id == row.id, mailbox.c.oauth_secrets == row.oauth_secrets, free)
            .values(oauth_until=self._now + _LEASE_MS)
            .returning(mailbox.c.oauth_until)
        )
        with self._store.begin() as tx:
            return tx.execute(taken).scalar()

    def _write(self, row: Mailbox, lease: int, **values: Any) -> None:
        """Write what came of a lease and give it back, unless a new consent was given meanwhile."""
        ours = sa.and_(mailbox.c.id == row.id, mailbox.c.oauth_until == lease)
        with self._store.begin() as tx:
            tx.execute(mailbox.update().where(ours).values(oauth_until=None, **values))


def _lasts_ms(seconds: Any) -> int | None:
    """Return how long a token lasts by a provider's answer, in ms, from 0 to ten years; None where it does not say.

    Raises:
        TypeError, ValueError: it is no number.
    """
    if seconds is None:
        return None
    try:
        lasts_ms = float(seconds) * 1_000
    except OverflowError:  # an integer that is too large for a float
        lasts_ms = math.inf
    return None if math.isnan(lasts_ms) else int(min(max(lasts_ms, 0.0), _MAX_EXPIRY_MS))
