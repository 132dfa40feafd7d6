"""Write into tickets, once: what may have been written before a crash is looked for first."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from worker.addresses import AddressRefused, Caller, Guard
from worker.deliveries.sender import Claimed, Result, Transport
from worker.deliveries.webhooks import Webhooks
from worker.errors import NotFound
from worker.helpdesks.inbound import Inbound
from worker.helpdesks.kinds import KINDS
from worker.helpdesks.mail import MailServer
from worker.helpdesks.protocol import Account, Desk, HelpdeskRefused, Post, digest
from worker.store.engine import Store
from worker.store.tables import delivery, helpdesk, helpdesk_message, message

#: A call of a helpdesk's API, and all calls of an attempt together: less than its lease.
_TOTAL_S = 15.0
_ATTEMPT_S = 30.0

#: What a helpdesk says of a ticket that is not there, or takes nothing any more: no later attempt will do.
_FINAL = (404, 410, 422)


class RoutingTransport:
    """Sends what is due wherever it goes: to receivers of callbacks, or into tickets. For one thread at a time."""

    def __init__(
        self, store: Store, guard: Guard, inbound: Inbound, *, mail: MailServer | None, conversation_url: str | None
    ) -> None:
        """`conversation_url` is where people see a conversation, with `{id}`: notes to them end with it."""
        self._store = store
        self._guard = guard
        self._inbound = inbound
        self._mail = mail
        self._conversation_url = conversation_url
        self._open: dict[str, Transport] = {}

    def send(self, claimed: Claimed) -> Result:
        """Make one attempt."""
        lane = claimed.row["lane"]
        transport = self._open.get(lane)
        if transport is None:
            is_desk = lane.startswith("hd_")
            transport = self._posting(lane) if is_desk else Webhooks(self._guard)
            self._open[lane] = transport
        return transport.send(claimed)

    def _posting(self, helpdesk_id: str) -> "HelpdeskTransport":
        return HelpdeskTransport(
            self._store,
            self._guard,
            self._inbound,
            helpdesk_id,
            mail=self._mail,
            conversation_url=self._conversation_url,
        )

    def close(self) -> None:
        """Close what is open."""
        for transport in self._open.values():
            transport.close()


class HelpdeskTransport:
    """Writes into the tickets of one helpdesk."""

    def __init__(
        self,
        store: Store,
        guard: Guard,
        inbound: Inbound,
        helpdesk_id: str,
        *,
        mail: MailServer | None,
        conversation_url: str | None,
    ) -> None:
        self._mail = mail
        self._conversation_url = conversation_url
        self._store = store
        self._guard = guard
        self._inbound = inbound
        self._helpdesk_id = helpdesk_id
        self._now = store.clock.sql()
        self._caller = Caller(guard, total_s=_TOTAL_S)

    def send(self, claimed: Claimed) -> Result:
        """Make one attempt at a post, or at a look into a ticket."""
        row = claimed.row
        told = json.loads(row["payload"])["data"]
        try:
            with self._store.read() as connection:
                found = connection.execute(sa.select(helpdesk).where(helpdesk.c.id == self._helpdesk_id)).mappings()
                desk_row = found.one_or_none()
            if desk_row is None:
                raise NotFound("The helpdesk was removed.")
            self._caller.within(_ATTEMPT_S)
            if desk_row["kind"] != "email":
                self._guard.check_url(desk_row["url"])
            desk = open_desk(desk_row, self._caller, self._mail)
            if row["type"] == "helpdesk.look":
                self._inbound.apply(desk_row, desk.look(told["ticket"]))
                return Result(status=200)
            if (why := self._stale(desk_row, row)) is not None:
                return Result(status=None, error=why, final=True)
            if row["type"].startswith("handoff."):
                return self._tell(desk_row, desk, row, told["text"])
            post = Post(**{**told, "tags": tuple(told.get("tags") or ())})
            if row["type"] == "helpdesk.note" and row["message_id"] is None:  # of a handoff
                post = replace(post, text=self._with_link(post.text, row))
            external_id = self._write(desk, row, post, of=post.ticket)
            desk.change(post)
            return Result(status=200, response=external_id)
        except HelpdeskRefused as error:
            return Result(
                status=error.status,
                error=str(error),
                retry_after_s=error.retry_after_s,
                final=error.status in _FINAL,
            )
        except (AddressRefused, NotFound) as error:
            return Result(status=None, error=str(error), final=isinstance(error, NotFound))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            return Result(
                status=None, error=f"The answer is not what it should be: {type(error).__name__} {error}"[:500]
            )

    def _tell(self, desk_row: Mapping[Any, Any], desk: Desk, row: Mapping[Any, Any], text: str) -> Result:
        """Tell people of a handoff, or of how it goes on: in the thread that it has where there are threads."""
        talk, thread = row["conversation_id"], ""
        if desk_row["kind"] == "email":
            thread = row["id"]
        else:
            first = (
                sa.select(helpdesk_message.c.external_id)
                .where(
                    helpdesk_message.c.helpdesk_id == self._helpdesk_id,
                    helpdesk_message.c.ticket == talk,
                    helpdesk_message.c.id != row["id"],
                    helpdesk_message.c.external_id.is_not(None),
                )
                .order_by(helpdesk_message.c.created_at)
                .limit(1)
            )
            with self._store.read() as connection:
                thread = connection.execute(first).scalar() or ""
            if not thread and row["type"] == "handoff.continued":
                return Result(status=None, error="Nobody was told of the handoff here.", final=True)
        handed_off = row["type"] == "handoff.told"
        text = self._with_link(text, row) if handed_off else text
        post = Post(ticket=thread, text=text, public=False, loud=handed_off)
        return Result(status=200, response=self._write(desk, row, post, of=talk))

    def _with_link(self, text: str, row: Mapping[Any, Any]) -> str:
        url = self._conversation_url
        return f"{text}\n\n{url.replace('{id}', row['conversation_id'])}" if url else text

    def close(self) -> None:
        """Close the connection."""
        self._caller.close()

    def _stale(self, desk_row: Mapping[Any, Any], row: Mapping[Any, Any]) -> str | None:
        """Return why nothing is to be written any more, or None."""
        if desk_row["state"] != "enabled" or desk_row["mode"] == "shadow":
            return "The helpdesk is switched off, or only watched."
        if row["type"] != "helpdesk.reply":
            return None
        spoken = sa.select(message.c.id).where(
            message.c.conversation_id == row["conversation_id"],
            message.c.role == "agent",
            message.c.created_at >= row["created_at"],
        )
        with self._store.read() as connection:
            return "A person answered first." if connection.execute(spoken).first() is not None else None

    def _is_held(self, row: Mapping[Any, Any]) -> bool:
        """Whether this attempt is still ours: its lease may have ended meanwhile."""
        mine = sa.select(delivery.c.id).where(
            delivery.c.id == row["id"], delivery.c.lease_token == row["lease_token"], delivery.c.state == "pending"
        )
        with self._store.read() as connection:
            return connection.execute(mine).first() is not None

    def _write(self, desk: Desk, row: Mapping[Any, Any], post: Post, *, of: str) -> str:
        """Write once: the row that says so stands before the call, and its absence of an id says that it may have been.

        `of` is the ticket, or the conversation where a place has none.

        Returns:
            The helpdesk's id of what was written.
        """
        mine = helpdesk_message.c.id == row["id"]
        name = digest(post.text)
        with self._store.begin() as tx:
            known = tx.execute(sa.select(helpdesk_message).where(mine)).mappings().first()
            if known is None:
                tx.execute(
                    helpdesk_message.insert().values(
                        id=row["id"],
                        workspace_id=row["workspace_id"],
                        helpdesk_id=self._helpdesk_id,
                        ticket=of,
                        direction="out",
                        digest=name,
                        created_at=self._now,
                    )
                )
        if known is not None and known["external_id"] is not None:
            return str(known["external_id"])
        external_id = None if known is None else self._found(desk, post, name)
        if external_id is None:
            if not self._is_held(row):
                raise HelpdeskRefused("The attempt took too long; another makes it.")
            external_id = desk.post(post)
        with self._store.begin() as tx:
            taken = sa.select(helpdesk_message.c.id).where(
                helpdesk_message.c.helpdesk_id == self._helpdesk_id, helpdesk_message.c.external_id == external_id
            )
            if tx.execute(taken).first() is None:  # its own webhook may have come first
                tx.execute(helpdesk_message.update().where(mine).values(external_id=external_id))
        return external_id

    def _found(self, desk: Desk, post: Post, name: str) -> str | None:
        """Return the id of what an earlier attempt wrote, of which nothing was heard."""
        there = {one.id for one in desk.find(post.ticket) if (one.digest or digest(one.text)) == name}
        if not there:
            return None
        known = sa.select(helpdesk_message.c.external_id).where(
            helpdesk_message.c.helpdesk_id == self._helpdesk_id, helpdesk_message.c.external_id.in_(there)
        )
        with self._store.read() as connection:
            there -= set(connection.execute(known).scalars())
        return max(there, default=None)


def open_desk(row: Mapping[Any, Any], caller: Caller, mail: MailServer | None) -> Desk:
    """Return a helpdesk that can be spoken to."""
    return KINDS[row["kind"]](account_of(row, mail), caller)


def account_of(row: Mapping[Any, Any], mail: MailServer | None) -> Account:
    """Return how a helpdesk's row says that it is spoken to."""
    return Account(
        id=row["id"],
        url=row["url"],
        token=row["token"],
        webhook_secret=row["webhook_secret"],
        options=row["options"] or {},
        mail=mail,
    )
