"""Connect, change, check and remove helpdesks. Mailboxes are kept among them, but `worker.mailboxes` manages those."""

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from worker.addresses import Caller, Guard
from worker.deliveries.destinations import end_pending
from worker.deliveries.tickets import MAILBOX_KIND, NOTIFICATION_KINDS
from worker.errors import Conflict, Invalid, NotFound
from worker.helpdesks import serializers
from worker.helpdesks.email import recipients
from worker.helpdesks.mail import MailServer
from worker.helpdesks.options import OPTIONS
from worker.helpdesks.protocol import (
    Desk,
    Headers,
    HelpdeskRefused,
    Json,
    Post,
    TicketEvent,
    UnreadableAnswer,
    WebhookRefused,
)
from worker.helpdesks.transport import open_desk
from worker.ids import new_id
from worker.secret_box import SecretsUnreadable
from worker.states import ConnectionState
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.rows import Helpdesk
from worker.store.scope import Scope
from worker.store.tables import destination, helpdesk
from worker.time import to_rfc3339

_SPAN = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d\Z")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TOTAL_S = 20.0
_NOTICED_MS = 60_000
_MAILBOX = re.compile(r"[^@\s,<>\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,250}\Z")

#: Fields that are sealed in the database.
_SECRETS = ("token", "webhook_secret")

_IS_HELPDESK = helpdesk.c.kind != MAILBOX_KIND


class Connections:
    """Manages the connected helpdesks of workspaces. Safe to share between threads."""

    def __init__(self, store: Store, guard: Guard, *, mail: MailServer | None) -> None:
        self._store = store
        self._guard = guard
        self._mail = mail

    def make(self, workspace_id: str, new: Mapping[str, Any]) -> dict[str, Any]:
        """Connect a helpdesk; return it with the `webhook_secret`, made if none was given, which is not shown again.

        Raises:
            AddressRefused: its URL may not be called.
            Conflict: the name is taken.
            Invalid: an option is missing, or the hours cannot be read.
        """
        self._check_url(new["kind"], new["url"])
        _check_secrets(new)
        if not new.get("token") and new["kind"] != "email":
            raise Invalid(f"{new['kind']} needs a token.", field="token")
        _check(new["kind"], new.get("options") or {}, new.get("hours"))
        webhook_secret = new.get("webhook_secret") or secrets.token_urlsafe(32)
        row = {
            "id": new_id("hd"),
            "workspace_id": workspace_id,
            "name": new["name"],
            "kind": new["kind"],
            "url": new["url"].rstrip("/"),
            "token": self._store.sealing.seal(new.get("token") or ""),
            "webhook_secret": self._store.sealing.seal(webhook_secret),
            "options": new.get("options") or {},
            "mode": new["mode"],
            "languages": new.get("languages") or None,
            "hours": new.get("hours") or None,
            "handoff": new.get("handoff") or None,
            "answered": new.get("answered") or None,
            "resume_tag": new.get("resume_tag"),
            "state": ConnectionState.ENABLED,
        }
        with self._store.begin() as tx:
            same = sa.select(helpdesk.c.id).where(
                helpdesk.c.workspace_id == workspace_id, helpdesk.c.name == new["name"]
            )
            if tx.execute(same).first() is not None:
                raise Conflict("There is a helpdesk of this name.")
            now = self._store.now(tx)
            tx.execute(helpdesk.insert().values(**row, created_at=now, updated_at=now))
        return {**self.show(workspace_id, row["id"]), "webhook_secret": webhook_secret}

    def all(self, workspace_id: str, which: Which = EVERYTHING) -> list[dict[str, Any]]:
        """Return the helpdesks of a workspace, by name.

        `which` may have `state`, `kind`, `created_after` and `created_before`.
        """
        names = {name: helpdesk.c[name] for name in ("state", "kind")}
        where = conditions(which, names, created=helpdesk.c.created_at)
        rows = Scope(self._store, workspace_id).select(helpdesk).where(_IS_HELPDESK, *where).order_by(helpdesk.c.name)
        with self._store.read() as connection:
            return [serializers.helpdesk(Helpdesk.from_row(row)) for row in connection.execute(rows).mappings()]

    def show(self, workspace_id: str, id: str) -> dict[str, Any]:
        """Return a helpdesk.

        Raises:
            NotFound: the workspace has none with this id.
        """
        row = Helpdesk.from_row(Scope(self._store, workspace_id).get(helpdesk, id))
        return serializers.helpdesk(_no_mailbox(row))

    def named(self, workspace_id: str, name: str) -> Helpdesk:
        """Return the helpdesk with this name or id.

        Raises:
            NotFound: the workspace has none.
        """
        known = sa.select(helpdesk).where(
            _IS_HELPDESK,
            helpdesk.c.workspace_id == workspace_id,
            sa.or_(helpdesk.c.name == name, helpdesk.c.id == name),
        )
        with self._store.read() as connection:
            row = connection.execute(known).mappings().first()
        if row is None:
            raise NotFound(f"There is no helpdesk {name!r}.")
        return Helpdesk.from_row(row)

    def change(self, workspace_id: str, id: str, new: Mapping[str, Any]) -> dict[str, Any]:
        """Change a helpdesk.

        Raises:
            AddressRefused: its URL may not be called.
            Invalid: an option is missing, or the hours cannot be read.
            NotFound: the workspace has none with this id.
        """
        _check_secrets(new)
        if "url" in new:
            self._check_url(Scope(self._store, workspace_id).get(helpdesk, id)["kind"], new["url"])
        sealed = {name: self._store.sealing.seal(new[name]) for name in _SECRETS if new.get(name) is not None}
        with self._store.begin() as tx:
            row = _no_mailbox(Helpdesk.from_row(Scope(self._store, workspace_id).lock(tx, helpdesk, id)))
            _check(row.kind, new.get("options", row.options) or {}, new.get("hours", row.hours))
            values = {**new, **sealed, "updated_at": self._store.now(tx)}
            tx.execute(helpdesk.update().where(helpdesk.c.id == id).values(**values))
        return self.show(workspace_id, id)

    def remove(self, workspace_id: str, id: str) -> None:
        """Disconnect a helpdesk; its conversations stay, its pending deliveries end.

        Raises:
            NotFound: the workspace has none with this id.
        """
        with self._store.begin() as tx:
            _no_mailbox(Helpdesk.from_row(Scope(self._store, workspace_id).lock(tx, helpdesk, id)))
            end_pending(tx, id, now=self._store.now(tx))
            tx.execute(destination.delete().where(destination.c.id == id))
            tx.execute(helpdesk.delete().where(helpdesk.c.id == id))

    def opened(self, id: str) -> Helpdesk:
        """Return an enabled helpdesk by its id alone, as its own webhooks name it.

        Raises:
            NotFound: there is none.
        """
        with self._store.read() as connection:
            found = sa.select(helpdesk).where(
                _IS_HELPDESK, helpdesk.c.id == id, helpdesk.c.state == ConnectionState.ENABLED
            )
            row = connection.execute(found).mappings().first()
        if row is None:
            raise NotFound("There is no helpdesk with this id.")
        return Helpdesk.from_row(row)

    def read(
        self, row: Helpdesk, body: bytes, headers: Headers, *, now: float, parse: Callable[[bytes], Any]
    ) -> tuple[str | None, list[TicketEvent]]:
        """Verify a webhook and return its id and the events that it reports.

        Args:
            headers: by lower-case name.
            now: Unix seconds.
            parse: reads the body as JSON, once it is known to be the helpdesk's.

        Raises:
            WebhookRefused: it is not signed by the helpdesk, or too old.
            Invalid: it is signed and cannot be read.
        """
        with Caller(self._guard, total_s=_TOTAL_S) as caller:
            desk = self._open_desk(row, caller)
        try:
            desk.verify(body, headers, now=now)
        except WebhookRefused:
            self._notice(row, row.refused_at, "refused_at", now=now)
            raise
        self._notice(row, row.heard_at, "heard_at", now=now)
        try:
            payload: Json = parse(body)
            if not isinstance(payload, dict):
                raise TypeError
            return desk.delivery_id(payload, headers), desk.read(payload, headers)
        except (ValueError, TypeError, AttributeError, KeyError):
            raise Invalid("The webhook is signed, but is not what the helpdesk should send.") from None

    def check(self, row: Helpdesk, *, ticket: str | None = None) -> list[tuple[str, str | None]]:
        """Try a connection; return the name of each check with what is wrong, or None.

        With `ticket`, a note is written into it and read back, which needs the same permissions as answering.
        """
        found: list[tuple[str, str | None]] = []
        doing = "credentials"
        try:
            self._check_url(row.kind, row.url)
            with Caller(self._guard, total_s=_TOTAL_S) as caller:
                desk = self._open_desk(row, caller)
                found += desk.check()
                if ticket is not None and row.kind not in NOTIFICATION_KINDS:
                    doing = "round trip"
                    found.append((f"round trip in ticket {ticket}", _round_trip(desk, ticket)))
        except SecretsUnreadable as error:
            found.append((doing, str(error)))
        except UnreadableAnswer as error:
            found.append((doing, f"What answers there is no {row.kind}: {error}"))
        except HelpdeskRefused as error:
            known = doing == "round trip" or error.status in (401, 403)
            found.append((doing if known else "address", str(error)))
        if row.kind != "email":
            found.append(_webhooks(row))
        return found

    def setup(self, row: Helpdesk, inbound: str) -> str:
        """Return the steps for the helpdesk's administrator; `inbound` is the URL for its webhooks."""
        with Caller(self._guard, total_s=_TOTAL_S) as caller:
            return self._open_desk(row, caller).setup(inbound)

    def _open_desk(self, row: Helpdesk, caller: Caller) -> Desk:
        return open_desk(row, caller, self._mail, open_secret=self._store.sealing.open)

    def _notice(self, row: Helpdesk, at: int | None, name: str, *, now: float) -> None:
        """Record the time of a webhook, or of a refused one, in the column `name`, at most once a minute."""
        if (at or 0) < now * 1_000 - _NOTICED_MS:
            with self._store.begin() as tx:
                tx.execute(helpdesk.update().where(helpdesk.c.id == row.id).values({name: int(now * 1_000)}))

    def _check_url(self, kind: str, url: str) -> None:
        if kind != "email":
            self._guard.check_url(url)
        elif not (found := recipients(url)) or not all(map(_MAILBOX.match, found)):
            raise Invalid("Must be mailto: with the addresses to notify, separated by commas.", field="url")


def _no_mailbox(row: Helpdesk) -> Helpdesk:
    if row.kind == MAILBOX_KIND:
        raise NotFound("There is no helpdesk with this id.")
    return row


def _round_trip(desk: Desk, ticket: str) -> str | None:
    text = f"Answerback tries its connection: {secrets.token_hex(4)}. Nobody has to do anything."
    id = desk.post(Post(ticket=ticket, text=text, public=False))
    found = desk.find(ticket)
    is_listed = found is None or any(posted.id == id for posted in found)
    return None if is_listed else "The note was written, but is not listed in the ticket."


def _webhooks(row: Helpdesk) -> tuple[str, str | None]:
    """Return the check of the helpdesk's webhooks, with what is wrong or None."""
    heard, refused = row.heard_at, row.refused_at
    if refused is not None and refused > (heard or 0):
        return "webhooks", f"The last one, at {to_rfc3339(refused)}, was not signed with the webhook_secret."
    return (
        f"webhooks (the last one at {to_rfc3339(heard)})" if heard is not None else "webhooks (none has come yet)"
    ), None


def _check_secrets(new: Mapping[str, Any]) -> None:
    for name in _SECRETS:
        if new.get(name) is not None and not str(new[name]).strip():
            raise Invalid(f"{name} must not be empty.", field=name)


def _check(kind: str, options: Mapping[str, Any], hours: Mapping[str, Any] | None) -> None:
    missing = [name for name in OPTIONS[kind] if not str(options.get(name) or "").strip()]
    if missing:
        raise Invalid(f"{kind} needs {', '.join(missing)}.", field="options")
    for name in ("bot_id", "account_id"):
        if name in OPTIONS[kind] and not str(options[name]).isdigit():
            raise Invalid(f"{name} must be a number.", field="options")
    if not isinstance(options.get("assigned_takes_over", True), bool):
        raise Invalid("assigned_takes_over must be true or false.", field="options")
    check_hours(hours)


def check_hours(hours: Mapping[str, Any] | None) -> None:
    """Raise unless hours can be read, or there are none.

    Raises:
        Invalid: they cannot.
    """
    if not hours:
        return
    try:
        ZoneInfo(str(hours.get("timezone")))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid("timezone must be a name such as Europe/Berlin.", field="hours") from None
    for name, span in hours.items():
        if name != "timezone" and (name not in _DAYS or not _SPAN.match(str(span))):
            raise Invalid(f"{name} must be a day, mon to sun, with hours such as 09:00-17:30.", field="hours")
