"""The voices of workspaces in the database."""

import sqlalchemy as sa

from worker.errors import Conflict
from worker.store.engine import Store
from worker.store.rows import VoiceRow
from worker.store.tables import voice as table
from worker.store.tables import workspace
from worker.voice.voice import DEFAULT_VOICE, Voice


class VoiceChanged(Conflict):
    """The voice was changed after it was read; nothing was saved."""

    code = "voice_changed"


class Voices:
    """Reads and sets the voice of a workspace. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_workspace = sa.select(table).where(table.c.workspace_id == sa.bindparam("workspace"))

    def get(self, workspace_id: str) -> Voice:
        """Return the voice of a workspace, the default one if it has set none."""
        row = self.row(workspace_id)
        return DEFAULT_VOICE if row is None else Voice.from_api(vars(row))

    def row(self, workspace_id: str) -> VoiceRow | None:
        """Return the voice as it is stored, with the time of its last change; None if there is none."""
        with self._store.read() as connection:
            found = connection.execute(self._by_workspace, {"workspace": workspace_id}).mappings().first()
        return None if found is None else VoiceRow.from_row(found)

    def put(self, workspace_id: str, voice: Voice) -> None:
        """Give a workspace a voice in place of the one it has; answers from now on have it."""
        with self._store.begin() as tx:
            self._write(tx, workspace_id, voice, before=self._lock(tx, workspace_id))

    def replace(self, workspace_id: str, voice: Voice, *, updated_at: int | None) -> None:
        """Give a workspace a voice in place of the one that was read.

        Args:
            updated_at: the time of the last change when it was read, in milliseconds; None if none was stored.

        Raises:
            VoiceChanged: it was changed since.
        """
        with self._store.begin() as tx:
            before = self._lock(tx, workspace_id)
            if before != updated_at:
                raise VoiceChanged()
            self._write(tx, workspace_id, voice, before=before)

    def _lock(self, tx: sa.Connection, workspace_id: str) -> int | None:
        """Keep other writers of a workspace's voice waiting; return the time of its last change."""
        tx.execute(sa.select(workspace.c.id).where(workspace.c.id == workspace_id).with_for_update())
        changed_at: int | None = tx.scalar(sa.select(table.c.updated_at).where(table.c.workspace_id == workspace_id))
        return changed_at

    def _write(self, tx: sa.Connection, workspace_id: str, voice: Voice, *, before: int | None) -> None:
        """Store a voice; two changes within a millisecond have different times, so that readers tell them apart."""
        updated_at = max(self._store.now(tx), (before or 0) + 1)
        values = {**voice.to_api(), "updated_at": updated_at}
        if before is None:
            tx.execute(table.insert().values(workspace_id=workspace_id, **values))
        else:
            tx.execute(table.update().where(table.c.workspace_id == workspace_id).values(**values))
