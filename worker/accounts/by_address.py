"""Accounts by their address: one per address, which belongs to whoever proves that the address is theirs."""

import sqlalchemy as sa

from worker.accounts.sessions import end_all
from worker.ids import new_id
from worker.states import LinkKind
from worker.store.engine import Store
from worker.store.rows import Account
from worker.store.tables import account, account_identity, account_link
from worker.store.upsert import upsert_into

#: Columns with which people log in.
_CREDENTIALS = ("password", "password_set_at", "totp_secret", "totp_pending", "totp_step", "recovery_codes")


def find_or_create(store: Store, tx: sa.Connection, address: str, *, name: str) -> Account:
    """Return the account of an address; it is created if nobody has it, once, however many do so at the same time."""
    found = sa.select(account).where(account.c.email == address)
    row = tx.execute(found).mappings().first()
    if row is None:
        made = Account(id=new_id("acc"), email=address, name=name, created_at=store.now(tx))
        tx.execute(upsert_into(store, account).values(**vars(made)).on_conflict_do_nothing())
        row = tx.execute(found).mappings().one()
    return Account.from_row(row)


def prove(store: Store, tx: sa.Connection, account_id: str) -> bool:
    """Mark an address as proved to belong to whoever uses the account now.

    At the first proof, somebody else may have set the account up. So its password, second factor, identities at
    providers, sessions, resets and waiting logins are removed. Later proofs change nothing.

    Returns:
        whether a second factor was removed.
    """
    wanted = sa.select(account.c.verified_at, account.c.totp_secret).where(account.c.id == account_id)
    row = tx.execute(wanted.with_for_update()).one()
    if row.verified_at is not None:
        return False
    values = {**dict.fromkeys(_CREDENTIALS), "verified_at": store.now(tx)}
    tx.execute(account.update().where(account.c.id == account_id).values(**values))
    tx.execute(account_identity.delete().where(account_identity.c.account_id == account_id))
    begun = account_link.c.kind.in_((LinkKind.RESET, LinkKind.SECOND_FACTOR))
    tx.execute(account_link.delete().where(account_link.c.account_id == account_id, begun))
    end_all(tx, account_id)
    return row.totp_secret is not None
