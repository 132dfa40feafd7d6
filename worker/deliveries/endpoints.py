"""Webhook endpoints: make, change, rotate, test and remove them, and replay deliveries."""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from worker.addresses import Guard
from worker.deliveries import outbox, serializers, signing
from worker.deliveries.destinations import Destinations, disable, end_pending
from worker.errors import Conflict, Invalid
from worker.ids import new_id
from worker.states import ConnectionState, DeliveryChannel, DeliveryKind, DeliveryState
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.rows import Delivery, Endpoint
from worker.store.scope import Scope
from worker.store.tables import delivery, destination, endpoint
from worker.time import to_rfc3339

#: How long the old secret signs too after a rotation.
GRACE_S = 24 * 3_600.0

#: Endpoints of one workspace: every event is written once for each.
MAX = 50

_MAX_HEADERS_BYTES = 4_096
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")
_VALUE = re.compile(r"[\x20-\x7e]{0,2000}\Z")
_RESERVED = re.compile(
    r"(webhook-.*|content-.*|host|connection|transfer-encoding|te|trailer|upgrade|expect|keep-alive|accept-encoding"
    r"|proxy-.*|user-agent)\Z"
)

_ENABLED = endpoint.c.state == ConnectionState.ENABLED

#: Deliveries that one request replays.
_MAX_REPLAYED = 10_000


class Endpoints:
    """Manages endpoints and replays deliveries. Safe to share between threads."""

    def __init__(self, store: Store, guard: Guard) -> None:
        self._store = store
        self._guard = guard
        self._destinations = Destinations(store)

    def make(self, workspace_id: str, new: Mapping[str, Any]) -> dict[str, Any]:
        """Make an endpoint and return it with its secret, which is not shown again; a private key never is.

        Raises:
            AddressRefused: its URL may not be called.
            Conflict: the workspace has as many as it may.
            Invalid: a header or the secret.
        """
        self._guard.check_url(new["url"])
        check_headers(new.get("headers"))
        secret = new.get("secret")
        secret = signing.new_secret(new.get("signature", "hmac")) if secret is None else signing.check_secret(secret)
        with self._store.begin() as tx:
            count = sa.select(sa.func.count()).where(endpoint.c.workspace_id == workspace_id)
            if tx.execute(count).scalar_one() >= MAX:
                raise Conflict(f"There are {MAX} endpoints; that is the most there can be.")
            now = self._store.now(tx)
            row = {
                "id": new_id("ep"),
                "workspace_id": workspace_id,
                "url": new["url"],
                "description": new.get("description"),
                "events": new.get("events") or None,
                "headers": new.get("headers") or None,
                "rate_limit": new.get("rate_limit"),
                "secret": secret,
                "state": ConnectionState.ENABLED,
                "created_at": now,
                "updated_at": now,
            }
            tx.execute(endpoint.insert().values(**row))
            self._destinations.ensure(tx, str(row["id"]), workspace_id)
        return self._with_secret(workspace_id, str(row["id"]), secret)

    def page(
        self, workspace_id: str, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 20
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return endpoints, newest first or by `sort`, and the cursor of the next page or None.

        `which` may have `state`, `created_after` and `created_before`.
        """
        where = conditions(which, {"state": endpoint.c.state}, created=endpoint.c.created_at)
        rows, cursor = Scope(self._store, workspace_id).page(
            endpoint, *where, after=after, limit=limit, sort=which.get("sort")
        )
        return [self._to_api(Endpoint.from_row(row)) for row in rows], cursor

    def show(self, workspace_id: str, id: str) -> dict[str, Any]:
        """Return an endpoint.

        Raises:
            NotFound: the workspace has none with this id.
        """
        return self._to_api(Endpoint.from_row(Scope(self._store, workspace_id).get(endpoint, id)))

    def change(self, workspace_id: str, id: str, new: Mapping[str, Any]) -> dict[str, Any]:
        """Change an endpoint; enabling it closes its circuit, disabling it ends its pending deliveries.

        Raises:
            AddressRefused: its URL may not be called.
            Invalid: a header.
            NotFound: the workspace has none with this id.
        """
        values = {name: value for name, value in new.items() if name != "state"}
        if "url" in values:
            self._guard.check_url(values["url"])
        if "headers" in values:
            check_headers(values["headers"])
        with self._store.begin() as tx:
            Scope(self._store, workspace_id).lock(tx, endpoint, id)
            now = self._store.now(tx)
            tx.execute(endpoint.update().where(endpoint.c.id == id).values(updated_at=now, **values))
            if new.get("state") == ConnectionState.ENABLED:
                enabled = {"state": ConnectionState.ENABLED, "reason": None}
                tx.execute(endpoint.update().where(endpoint.c.id == id).values(**enabled))
                self._destinations.close_circuit(tx, id)
            elif new.get("state") == ConnectionState.DISABLED:
                disable(tx, id, "It was disabled by its owner.", now=now)
            elif "url" in values:
                self._destinations.close_circuit(tx, id)
        return self.show(workspace_id, id)

    def remove(self, workspace_id: str, id: str) -> None:
        """Remove an endpoint; its deliveries stay listed, and the pending ones end.

        Raises:
            NotFound: the workspace has none with this id.
        """
        with self._store.begin() as tx:
            Scope(self._store, workspace_id).lock(tx, endpoint, id)
            now = self._store.now(tx)
            end_pending(tx, id, now=now)
            tx.execute(delivery.update().where(delivery.c.endpoint_id == id).values(endpoint_id=None))
            tx.execute(destination.delete().where(destination.c.id == id))
            tx.execute(endpoint.delete().where(endpoint.c.id == id))

    def rotate(self, workspace_id: str, id: str, *, secret: str | None = None) -> dict[str, Any]:
        """Give an endpoint a new secret; the old one signs too for a day. Return the endpoint with the new one,
        as `make`.

        Raises:
            Conflict: the grace period of the last rotation has not passed; receivers may still use the oldest secret.
            Invalid: the secret.
            NotFound: the workspace has none with this id.
        """
        chosen = None if secret is None else signing.check_secret(secret)
        with self._store.begin() as tx:
            row = Endpoint.from_row(Scope(self._store, workspace_id).lock(tx, endpoint, id))
            now = self._store.now(tx)
            if row.old_until is not None and row.old_until > now:
                raise Conflict(f"The secret was rotated already; the old one signs until {to_rfc3339(row.old_until)}.")
            new = chosen or signing.new_secret(signing.scheme_of(row.secret))
            values = {"secret": new, "old_secret": row.secret, "old_until": now + int(GRACE_S * 1_000)}
            tx.execute(endpoint.update().where(endpoint.c.id == id).values(updated_at=now, **values))
        return self._with_secret(workspace_id, id, new)

    def _with_secret(self, workspace_id: str, id: str, secret: str) -> dict[str, Any]:
        """Return an endpoint with the secret that its receiver needs; of a key pair that is the public key."""
        found = self.show(workspace_id, id)
        return found if found["public_key"] is not None else {**found, "secret": secret}

    def test(self, workspace_id: str, id: str, type: str) -> str:
        """Enqueue an example of an event to an endpoint; return the delivery's id.

        Raises:
            Conflict: it is disabled.
            NotFound: the workspace has none with this id.
        """
        with self._store.begin() as tx:
            row = Endpoint.from_row(Scope(self._store, workspace_id).get_in(tx, endpoint, id))
            _require_enabled(row)
            example = {"example": True, "about": outbox.TYPES[type]}
            return outbox.enqueue_deliveries(
                tx, workspace_id, type, example, now=self._store.now(tx), to=[(id, row.url)]
            )[0]

    def recover(self, workspace_id: str, id: str, *, since_ms: int = 0) -> int:
        """Send an endpoint again the deliveries that it missed since a time, oldest first; return how many.

        Raises:
            Conflict: it is disabled.
            NotFound: the workspace has none with this id.
        """
        with self._store.begin() as tx:
            _require_enabled(Endpoint.from_row(Scope(self._store, workspace_id).lock(tx, endpoint, id)))
            self._destinations.close_circuit(tx, id)
            return self._replay_in(
                tx,
                workspace_id,
                delivery.c.endpoint_id == id,
                delivery.c.created_at >= since_ms,
                delivery.c.state == DeliveryState.EXHAUSTED,
            )

    def replay(self, workspace_id: str, id: str) -> str:
        """Send one delivery again, delivered or not; return its destination.

        Raises:
            Conflict: it waits for its first attempt, is on its way into a ticket, or its endpoint is disabled or gone.
            NotFound: the workspace has none with this id.
        """
        with self._store.begin() as tx:
            scope = Scope(self._store, workspace_id)
            row = Delivery.from_row(scope.lock(tx, delivery, id))
            if row.state == DeliveryState.PENDING and row.attempts == row.round:
                raise Conflict("The delivery waits for its first attempt.")
            if row.state == DeliveryState.PENDING and row.kind.channel == DeliveryChannel.HELPDESK:
                raise Conflict("It is on its way into the ticket.")
            if row.kind == DeliveryKind.ENDPOINT and row.endpoint_id is None:
                raise Conflict("The endpoint was removed.")
            if row.endpoint_id is not None:
                _require_enabled(Endpoint.from_row(scope.get_in(tx, endpoint, row.endpoint_id)))
            self._destinations.close_circuit(tx, row.destination_id)
            self._replay_in(tx, workspace_id, delivery.c.id == id)
            return row.destination_id

    def replay_all(self, workspace_id: str, which: Mapping[str, Any]) -> int:
        """Send again all deliveries that a filter finds; return how many.

        Those of disabled endpoints stay as they are. `which` may have `state`, `kind`, `endpoint`, `type`, `since_ms`
        and `until_ms`; without a state it finds exhausted ones.
        """
        where = [delivery.c.state == which.get("state", DeliveryState.EXHAUSTED)]
        if "endpoint" in which:
            where.append(delivery.c.endpoint_id == which["endpoint"])
        if "kind" in which:
            where.append(delivery.c.kind == which["kind"])
        if "type" in which:
            where.append(delivery.c.type == which["type"])
        if "since_ms" in which:
            where.append(delivery.c.created_at >= which["since_ms"])
        if "until_ms" in which:
            where.append(delivery.c.created_at < which["until_ms"])
        disabled = sa.exists().where(endpoint.c.id == delivery.c.endpoint_id, ~_ENABLED)
        with self._store.begin() as tx:
            removed = sa.and_(delivery.c.kind == DeliveryKind.ENDPOINT, delivery.c.endpoint_id.is_(None))
            return self._replay_in(tx, workspace_id, *where, ~disabled, ~removed)

    def _replay_in(self, tx: sa.Connection, workspace_id: str, *which: sa.ColumnElement[bool]) -> int:
        oldest = (
            sa.select(delivery.c.id)
            .where(delivery.c.workspace_id == workspace_id, *which)
            .order_by(delivery.c.id)
            .limit(_MAX_REPLAYED)
        )
        again = (
            delivery.update()
            .where(delivery.c.id.in_(oldest))
            .values(
                state=DeliveryState.PENDING,
                due_at=self._store.clock.sql(),
                finished_at=None,
                round=delivery.c.attempts,
                lease_token=delivery.c.lease_token + 1,  # an attempt that is under way decides nothing any more
            )
        )
        return tx.execute(again).rowcount

    def _to_api(self, row: Endpoint) -> dict[str, Any]:
        with self._store.read() as connection:
            circuit = self._destinations.get(connection, row.id)
            return serializers.endpoint(row, circuit, now=self._store.now(connection))


def _require_enabled(row: Endpoint) -> None:
    if row.state != ConnectionState.ENABLED:
        raise Conflict("The endpoint is disabled; enable it first.")


def check_headers(headers: Mapping[str, str] | None) -> None:
    """Raise unless these headers may be sent with webhooks.

    Raises:
        Invalid: one is malformed, or one that HTTP or the signature needs.
    """
    for name, value in (headers or {}).items():
        if not _HEADER.match(name) or not _VALUE.match(value) or value != value.strip():
            raise Invalid(f"{name[:100]!r} is not a header that can be sent.", field="headers")
        if _RESERVED.match(name.lower()):
            raise Invalid(f"The header {name} is not yours to set.", field="headers")
    if sum(len(name) + len(value) for name, value in (headers or {}).items()) > _MAX_HEADERS_BYTES:
        raise Invalid(f"The headers have more than {_MAX_HEADERS_BYTES} bytes.", field="headers")
