"""Encrypts all secrets of the database anew with the first key, so that older keys can be removed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from worker.secret_box import SecretBox, SecretsUnreadable
from worker.store.engine import Store
from worker.store.sealing import SEALED, Sealing, is_sealed, secret_in
from worker.store.tables import account, helpdesk, mailbox, workspace, workspace_settings


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """The result: how many secrets the first key seals now, and which no key opens; those stay as they are."""

    rotated: int
    unreadable: Sequence[str]


def rotate_secrets(store: Store, box: SecretBox) -> Rotation:
    """Encrypt all secrets of the database with the first key of `box`, a row at a time.

    These are the secrets of workspaces, of second factors, and of helpdesks and mailboxes; of the latter also what is
    not encrypted yet. It may run beside the other processes, and again.
    """
    with store.read() as connection:
        workspaces = list(connection.scalars(sa.select(workspace_settings.c.workspace_id)))
        has_factor = sa.or_(account.c.totp_secret.is_not(None), account.c.totp_pending.is_not(None))
        people = list(connection.scalars(sa.select(account.c.id).where(has_factor)))
        connections = list(connection.scalars(sa.select(helpdesk.c.id)))
        mailboxes = list(connection.scalars(sa.select(mailbox.c.id)))
    rotating = _Rotating(store, box)
    for id in workspaces:
        rotating.workspace(id)
    for id in people:
        rotating.person(id)
    for id in connections:
        rotating.columns(helpdesk, id, "of the helpdesk")
    for id in mailboxes:
        rotating.columns(mailbox, id, "of the mailbox")
    return Rotation(rotated=rotating.rotated, unreadable=tuple(rotating.unreadable))


@dataclass
class _Rotating:
    store: Store
    box: SecretBox
    rotated: int = 0
    unreadable: list[str] = field(default_factory=list)

    def workspace(self, id: str) -> None:
        """Rotate the secrets of a workspace's settings; their version stays, since no value changes."""
        of_workspace = workspace_settings.c.workspace_id == id
        with self.store.begin() as tx:
            tx.execute(sa.select(workspace.c.id).where(workspace.c.id == id).with_for_update())  # as a change does
            sealed = tx.scalar(sa.select(workspace_settings.c.secrets).where(of_workspace))
            if sealed:
                secrets = self._sealed(sealed, f"of the workspace {id}")
                tx.execute(workspace_settings.update().where(of_workspace).values(secrets={**sealed, **secrets}))

    def person(self, id: str) -> None:
        """Rotate the secrets of a person's second factor."""
        columns = (account.c.totp_secret, account.c.totp_pending)
        with self.store.begin() as tx:
            row = tx.execute(sa.select(*columns).where(account.c.id == id).with_for_update()).mappings().first()
            sealed = {name: text for name, text in (row or {}).items() if text is not None}
            if secrets := self._sealed(sealed, f"of the account {id}"):
                tx.execute(account.update().where(account.c.id == id).values(**secrets))

    def columns(self, table: sa.Table, id: str, of: str) -> None:
        """Rotate the secrets of a helpdesk or mailbox, and seal those that are not."""
        sealing = Sealing(self.box)
        columns = [table.c[name] for name in SEALED[table.name]]
        with self.store.begin() as tx:
            row = tx.execute(sa.select(*columns).where(table.c.id == id).with_for_update()).mappings().first()
            kept = {
                name: text
                for name, text in (row or {}).items()
                if (secret := secret_in(name, text or "")) and (sealing.has_key or is_sealed(secret))
            }
            if secrets := self._sealed(kept, f"{of} {id}", renew=sealing.renew):
                tx.execute(table.update().where(table.c.id == id).values(**secrets))

    def _sealed(
        self, sealed: Mapping[str, str], of: str, *, renew: Callable[[str, str], str] | None = None
    ) -> dict[str, str]:
        """Return the secrets that a key opens, sealed with the first key; `renew` takes a column's name and text."""
        found = {}
        for name, text in sealed.items():
            try:
                found[name] = self.box.rotate(text) if renew is None else renew(name, text)
            except SecretsUnreadable:
                self.unreadable.append(f"{name} {of}")
        self.rotated += len(found)
        return found
