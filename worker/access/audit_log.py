"""The audit log: the actions of operators."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from worker.ids import new_id
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.rows import AuditEntry, Json
from worker.store.scope import Scope
from worker.store.tables import account, api_key, audit
from worker.time import to_rfc3339


class AuditLog:
    """Writes and reads the audit log. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(
        self,
        workspace_id: str,
        *,
        action: str,
        via: str,
        subject: str | None = None,
        key_id: str | None = None,
        account_id: str | None = None,
        actor: str | None = None,
        request_id: str | None = None,
        changes: Sequence[Json] | None = None,
    ) -> None:
        """Record an action.

        Args:
            action: what was done, such as `endpoints.rotate`.
            via: `api`, `console`, `cli` or, for what a duty did, `worker`.
            subject: id of the object that was changed.
            key_id, account_id: the key or the account of the operator; without one, `actor` names the operator.
            changes: `name`, `before` and `after` of each value that was changed, without secrets.

        Raises:
            DatabaseUnavailable: the action was not recorded.
        """
        with self._store.begin() as tx:
            if actor is None and (key_id or account_id) is not None:
                named = account if key_id is None else api_key
                name = sa.select(named.c.name).where(named.c.id == (key_id or account_id))
                actor = tx.execute(name).scalar_one()
            record_action(
                tx,
                workspace_id,
                now=self._store.now(tx),
                action=action,
                via=via,
                actor=actor or "",
                subject=subject,
                key_id=key_id,
                account_id=account_id,
                request_id=request_id,
                changes=changes,
            )

    def page(
        self, workspace_id: str, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 50
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Return actions, newest first or by `sort`, and the cursor of the next page or None.

        `which` may have `via`, `action`, `subject`, `key_id`, `account_id`, `created_after` and `created_before`.
        """
        names = {name: audit.c[name] for name in ("via", "action", "subject", "key_id", "account_id")}
        where = conditions(which, names, created=audit.c.created_at)
        rows, cursor = Scope(self._store, workspace_id).page(
            audit, *where, after=after, limit=limit, sort=which.get("sort")
        )
        return [to_api(AuditEntry.from_row(row)) for row in rows], cursor


def record_action(
    tx: sa.Connection,
    workspace_id: str,
    *,
    now: int,
    action: str,
    via: str,
    actor: str,
    subject: str | None = None,
    key_id: str | None = None,
    account_id: str | None = None,
    request_id: str | None = None,
    changes: Sequence[Json] | None = None,
) -> None:
    """Record an action in the transaction of what was done; the arguments are those of `AuditLog.record`."""
    row = {
        "id": new_id("aud"),
        "workspace_id": workspace_id,
        "actor": actor[:200],
        "key_id": key_id,
        "account_id": account_id,
        "via": via,
        "action": action,
        "subject": None if subject is None else subject[:200],
        "request_id": request_id,
        "changes": None if changes is None else list(changes),
        "created_at": now,
    }
    tx.execute(audit.insert().values(**row))


def to_api(row: AuditEntry) -> dict[str, Any]:
    """Return an entry in the form of the API."""
    return {
        "id": row.id,
        "actor": row.actor,
        "key_id": row.key_id,
        "account_id": row.account_id,
        "via": row.via,
        "action": row.action,
        "subject": row.subject,
        "request_id": row.request_id,
        "changes": None if row.changes is None else list(row.changes),
        "created_at": to_rfc3339(row.created_at),
    }
