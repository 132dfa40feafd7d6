"""Links and tokens that are used once. Only their digests are stored."""

import hashlib
import secrets

import sqlalchemy as sa

from worker.accounts.errors import LinkInvalid
from worker.states import LinkKind
from worker.store.engine import Store
from worker.store.rows import AccountLink
from worker.store.tables import account_link

_HOUR_MS = 3_600_000

#: How long each kind is valid, in ms.
_LIFETIMES = {
    LinkKind.FIRST_OWNER: 7 * 24 * _HOUR_MS,
    LinkKind.INVITATION: 7 * 24 * _HOUR_MS,
    LinkKind.RESET: _HOUR_MS,
    LinkKind.SECOND_FACTOR: _HOUR_MS // 6,
}


class Links:
    """Makes, finds and uses links. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make(
        self,
        tx: sa.Connection,
        kind: LinkKind,
        *,
        account_id: str | None = None,
        workspace_id: str | None = None,
        by_mail: bool = False,
    ) -> str:
        """Store a new link and return its token, in the caller's transaction. `by_mail`: only mail carries it."""
        token, now = secrets.token_urlsafe(32), self._store.now(tx)
        tx.execute(account_link.delete().where(account_link.c.expires_at <= now))
        row = AccountLink(
            digest=digest(token),
            kind=kind,
            account_id=account_id,
            workspace_id=workspace_id,
            by_mail=by_mail,
            failures=0,
            created_at=now,
            expires_at=now + _LIFETIMES[kind],
        )
        tx.execute(account_link.insert().values(**vars(row)))
        return token

    def find(self, tx: sa.Connection, kind: LinkKind, token: str, *, lock: bool = False) -> AccountLink:
        """Return the link of a token.

        Raises:
            LinkInvalid: it was used, has expired, or never existed.
        """
        wanted = sa.select(account_link).where(
            account_link.c.digest == digest(token),
            account_link.c.kind == kind,
            account_link.c.expires_at > self._store.clock.sql(),
        )
        row = tx.execute(wanted.with_for_update() if lock else wanted).mappings().first()
        if row is None:
            raise LinkInvalid
        return AccountLink.from_row(row)

    def use(self, tx: sa.Connection, kind: LinkKind, token: str) -> AccountLink:
        """Return the link of a token and delete it, so that it works once; raises as `find`."""
        found = self.find(tx, kind, token, lock=True)
        if not tx.execute(account_link.delete().where(account_link.c.digest == found.digest)).rowcount:
            raise LinkInvalid  # somebody else used it meanwhile
        return found

    def drop(self, tx: sa.Connection, kind: LinkKind, *, account_id: str | None, workspace_id: str | None) -> None:
        """Delete the links of a kind for a person in a workspace; a workspace of None stands for all."""
        where = [account_link.c.kind == kind, account_link.c.account_id == account_id]
        if workspace_id is not None:
            where.append(account_link.c.workspace_id == workspace_id)
        tx.execute(account_link.delete().where(*where))


def digest(token: str) -> str:
    """Return the digest of a token; a fast hash is safe because tokens have 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
