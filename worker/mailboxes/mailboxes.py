"""Connect, change, check and disconnect mailboxes."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from worker.addresses import Guard
from worker.deliveries.destinations import Destinations, end_pending
from worker.deliveries.tickets import MAILBOX_KIND
from worker.errors import Conflict, NotFound
from worker.helpdesks.mail import MailRefused, MailServer
from worker.ids import new_id
from worker.mail_servers import BearerLogin, server_url
from worker.mailboxes import fields, listing, serializers
from worker.mailboxes.consents import Consents
from worker.mailboxes.imap import ImapMailbox, MailboxUnavailable, connected
from worker.mailboxes.posted import PostedMail
from worker.mailboxes.ses import Amazon, Fetches
from worker.secret_box import SecretsUnreadable
from worker.states import ConnectionState, HelpdeskMode
from worker.store.engine import Store
from worker.store.rows import Helpdesk, Mailbox
from worker.store.scope import Scope
from worker.store.tables import destination, helpdesk, mail, mail_suppression, mailbox

#: Fields that are kept with the other helpdesks.
_OF_HELPDESK = ("name", "mode", "languages", "hours", "state")
#: Fields that are sealed in the database, and those of which the password is.
_SECRETS = ("mailgun_key", "inbound_password")
_URLS = ("imap_url", "smtp_url")


class Mailboxes:
    """Manages the mailboxes of workspaces. Safe to share between threads.

    Args:
        guard: decides which servers may be reached.
        mail: the operator's mail server, for mailboxes without an SMTP server of their own.
        amazon: fetches what mail of Amazon SES needs to be verified; by `guard` if None.

    Attributes:
        posted: accepts what providers post.
        consents: logs in without passwords.
    """

    def __init__(self, store: Store, guard: Guard, *, mail: MailServer | None, amazon: Fetches | None = None) -> None:
        self._store = store
        self._guard = guard
        self._mail = mail
        self._destinations = Destinations(store)
        self.posted = PostedMail(store, amazon or Amazon(guard))
        self.consents = Consents(store, guard)

    def make(self, workspace_id: str, new: Mapping[str, Any]) -> dict[str, Any]:
        """Connect a mailbox and return it.

        Raises:
            Conflict: the name or the address is taken.
            Invalid: a field is not valid, or there is no way to send.
        """
        given = fields.checked(dict(new))
        fields.check_ways(given, self._mail)
        id = new_id("mbx")
        sealed = self._sealed(given)
        secret = self._store.sealing.seal(secrets.token_urlsafe(32))
        with self._store.begin() as tx:
            now = self._store.now(tx)
            _refuse_second(tx, workspace_id, given)
            desk = _helpdesk_row(id, workspace_id, given, secret=secret)
            tx.execute(helpdesk.insert().values(**desk, created_at=now, updated_at=now))
            tx.execute(mailbox.insert().values(id=id, workspace_id=workspace_id, **_mailbox_row(given | sealed)))
        return self.show(workspace_id, id)

    def all(self, workspace_id: str) -> list[dict[str, Any]]:
        """Return the mailboxes of a workspace, by name."""
        desks = sa.select(helpdesk).where(helpdesk.c.workspace_id == workspace_id, helpdesk.c.kind == MAILBOX_KIND)
        with self._store.read() as connection:
            rows = [Helpdesk.from_row(row) for row in connection.execute(desks.order_by(helpdesk.c.name)).mappings()]
            return [self._to_api(connection, row) for row in rows]

    def show(self, workspace_id: str, id: str) -> dict[str, Any]:
        """Return a mailbox.

        Raises:
            NotFound: the workspace has none with this id.
        """
        self.get(workspace_id, id)
        with self._store.read() as connection:
            row = connection.execute(sa.select(helpdesk).where(helpdesk.c.id == id)).mappings().one()
            return self._to_api(connection, Helpdesk.from_row(row))

    def get(self, workspace_id: str, id: str) -> Mailbox:
        """Return the row of a mailbox.

        Raises:
            NotFound: the workspace has none with this id.
        """
        return Mailbox.from_row(Scope(self._store, workspace_id).get(mailbox, id))

    def named(self, workspace_id: str, name: str) -> Mailbox:
        """Return the mailbox with this name, address or id.

        Raises:
            NotFound: the workspace has none.
        """
        known = (
            sa.select(*mailbox.c)
            .join(helpdesk, helpdesk.c.id == mailbox.c.id)
            .where(
                mailbox.c.workspace_id == workspace_id,
                sa.or_(helpdesk.c.name == name, mailbox.c.id == name, mailbox.c.address == name.lower()),
            )
        )
        with self._store.read() as connection:
            row = connection.execute(known).mappings().first()
        if row is None:
            raise NotFound(f"There is no mailbox {name!r}.")
        return Mailbox.from_row(row)

    def change(self, workspace_id: str, id: str, new: Mapping[str, Any]) -> dict[str, Any]:
        """Change a mailbox; fields that are left out stay as they are.

        A URL of another server ends a consent that is not given anew with it. After a new consent or server, what
        waits to be sent is tried at once.

        Raises:
            Invalid: a field is not valid.
            NotFound: the workspace has none with this id.
        """
        given = fields.checked(dict(new))
        sealed = self._sealed(given)
        with self._store.begin() as tx:
            row = Scope(self._store, workspace_id).lock(tx, mailbox, id)
            desk = tx.execute(sa.select(helpdesk).where(helpdesk.c.id == id)).mappings().one()
            fields.check_ways({**desk, **row, **given}, self._mail)
            shared = {name: value for name, value in given.items() if name in _OF_HELPDESK}
            own = {name: value for name, value in given.items() if name not in _OF_HELPDESK} | sealed
            tx.execute(helpdesk.update().where(helpdesk.c.id == id).values(**shared, updated_at=self._store.now(tx)))
            if "oauth" not in given and not fields.trusted({**row}, given):
                own |= self.consents.columns(None)  # its token is not for other servers
            if own.get("imap_url") or own.get("oauth"):  # whoever reads it stops, and a pause after failures ends
                own["watched_until"] = None
            if own.get("imap_url") or own.get("smtp_url") or own.get("oauth"):
                self._destinations.retry_now(tx, id)
            if own:
                tx.execute(mailbox.update().where(mailbox.c.id == id).values(**own))
        return self.show(workspace_id, id)

    def remove(self, workspace_id: str, id: str) -> None:
        """Disconnect a mailbox; its conversations stay, its pending deliveries end.

        Raises:
            NotFound: the workspace has none with this id.
        """
        with self._store.begin() as tx:
            Scope(self._store, workspace_id).lock(tx, mailbox, id)
            end_pending(tx, id, now=self._store.now(tx))
            tx.execute(destination.delete().where(destination.c.id == id))
            tx.execute(helpdesk.delete().where(helpdesk.c.id == id))

    def receive(self, workspace_id: str, id: str, data: bytes) -> dict[str, Any]:
        """Accept a raw mail that a provider posts; a worker takes it. When this returns, it is committed.

        Raises:
            Invalid: it is empty, or begins with no header.
            NotFound: the workspace has no such mailbox.
        """
        return {"id": self.posted.raw(self.get(workspace_id, id), data), "state": "received"}

    def recent(self, workspace_id: str, id: str, *, limit: int) -> list[dict[str, Any]]:
        """Return the last mails of a mailbox, up to `limit` each way, newest first, and what became of each.

        Raises:
            NotFound: the workspace has no such mailbox.
        """
        return listing.recent(self._store, self.get(workspace_id, id), limit=limit)

    def suppressions(self, workspace_id: str, id: str) -> list[dict[str, Any]]:
        """Return the addresses that get no mail, with the reason of each.

        Raises:
            NotFound: the workspace has no such mailbox.
        """
        self.get(workspace_id, id)
        rows = sa.select(mail_suppression.c.address, mail_suppression.c.reason).where(
            mail_suppression.c.mailbox_id == id
        )
        with self._store.read() as connection:
            return [dict(row) for row in connection.execute(rows.order_by(mail_suppression.c.address)).mappings()]

    def allow(self, workspace_id: str, id: str, address: str) -> None:
        """Send to an address again.

        Raises:
            NotFound: the workspace has no such mailbox, or the address gets mail anyway.
        """
        self.get(workspace_id, id)
        with self._store.begin() as tx:
            row = (mail_suppression.c.mailbox_id == id, mail_suppression.c.address == address.lower())
            if not tx.execute(mail_suppression.delete().where(*row)).rowcount:
                raise NotFound("This address is not suppressed.")

    def check(self, row: Mailbox) -> list[tuple[str, str | None]]:
        """Try a mailbox; return the name of each check with what is wrong, or None."""
        found: list[tuple[str, str | None]] = []
        if row.imap_url is not None:
            try:
                with self.open_imap(row) as opened:
                    found.append(("imap login", None))
                    for use in fields.FOLDERS:
                        name = opened.folder(use)
                        found.append((f"folder {use} ({name})" if name else f"folder {use}", _missing(use, name)))
            except MailboxUnavailable as error:
                found.append(("imap login", str(error)))
        try:
            with self.smtp(row).connected() as server:
                server.noop()
            found.append(("smtp", None))
        except MailRefused as error:
            found.append(("smtp", str(error)))
        if row.authserv_id is None:
            found.append(("authserv_id is not set: no sender is believed, and no colleague is known", None))
        return found

    def smtp(self, row: Mailbox) -> MailServer:
        """Return the server by which a mailbox sends.

        Raises:
            MailRefused: there is none, or the operator's does not send from its domain.
        """
        if row.smtp_url is None:
            if self._mail is None:
                raise MailRefused("No mail server is set: `smtp_url` of the mailbox, or ANSWERBACK_SMTP_URL.")
            if not self._mail.may_send_from(row.address):
                raise MailRefused(fields.foreign(row.address))
            return MailServer(url=self._mail.url, sender=row.address)
        try:
            url = self._store.sealing.open_url(row.smtp_url)
            bearer = self._bearer(row, url)
        except (SecretsUnreadable, MailboxUnavailable) as error:
            raise MailRefused(str(error)) from error
        return MailServer(url=url, sender=row.address, guard=self._guard, bearer=bearer)

    @contextmanager
    def open_imap(self, row: Mailbox) -> Iterator[ImapMailbox]:
        """Yield a mailbox that is open by IMAP.

        Raises:
            MailboxUnavailable: as `connected`, its password was sealed with another key, or it needs a new consent.
        """
        try:
            url = self._store.sealing.open_url(row.imap_url or "")
        except SecretsUnreadable as error:
            raise MailboxUnavailable(str(error)) from error
        with connected(url, self._guard, folders=row.folders, bearer=self._bearer(row, url)) as opened:
            yield opened

    def lacks_password(self, row: Mailbox) -> bool:
        """Whether a server wants a password that its URL does not have: a consent logs in, if there is one."""
        servers = [server_url(url) for url in (row.imap_url, row.smtp_url) if url]
        return any(server.user and not server.password for server in servers)

    def _bearer(self, row: Mailbox, url: str) -> BearerLogin | None:
        """Return how to log in without a password: with the consent, where a URL has a user and no password."""
        server = server_url(url)
        return self.consents.login(row) if row.oauth is not None and server.user and not server.password else None

    def _sealed(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the given fields that the database keeps sealed, and the columns of a consent."""
        seal, seal_url = self._store.sealing.seal, self._store.sealing.seal_url
        urls = {name: seal_url(str(given[name])) for name in _URLS if given.get(name)}
        consent = self.consents.columns(given["oauth"]) if "oauth" in given else {}
        return {**urls, **{name: seal(str(given[name])) for name in _SECRETS if given.get(name)}, **consent}

    def _to_api(self, connection: sa.Connection, desk: Helpdesk) -> dict[str, Any]:
        row = connection.execute(sa.select(mailbox).where(mailbox.c.id == desk.id)).mappings().one()
        counted = sa.select(mail.c.state, sa.func.count()).where(mail.c.mailbox_id == desk.id).group_by(mail.c.state)
        counts = {str(state): int(count) for state, count in connection.execute(counted)}
        return serializers.mailbox(desk, Mailbox.from_row(row), counts)


def _refuse_second(tx: sa.Connection, workspace_id: str, given: Mapping[str, Any]) -> None:
    named = sa.select(helpdesk.c.id).where(helpdesk.c.workspace_id == workspace_id, helpdesk.c.name == given["name"])
    if tx.execute(named).first() is not None:
        raise Conflict("There is a helpdesk or mailbox of this name.")
    same = sa.select(mailbox.c.id).where(mailbox.c.workspace_id == workspace_id, mailbox.c.address == given["address"])
    if tx.execute(same).first() is not None:
        raise Conflict("This address is connected already.")


def _helpdesk_row(id: str, workspace_id: str, given: Mapping[str, Any], *, secret: str) -> dict[str, Any]:
    return {
        "id": id,
        "workspace_id": workspace_id,
        "name": given["name"],
        "kind": MAILBOX_KIND,
        "url": f"mailto:{given['address']}",
        "token": "",
        "webhook_secret": secret,  # signs the tokens in addresses
        "options": {},
        "mode": given.get("mode") or HelpdeskMode.DRAFT,
        "languages": given.get("languages"),
        "hours": given.get("hours"),
        "state": ConnectionState.ENABLED,
    }


def _mailbox_row(given: Mapping[str, Any]) -> dict[str, Any]:
    names = [column.name for column in mailbox.c if column.name in given]
    return {
        **{name: given[name] for name in names},
        "team": given.get("team") or [],
        "notify": given.get("notify") or [],
        "folders": given.get("folders") or {},
        "plus_addressing": given.get("plus_addressing") or 0,
        "saves_sent": given.get("saves_sent") or 0,
    }


def _missing(use: str, name: str | None) -> str | None:
    return None if name else f"There is none; name it among `folders` as `{use}`."
