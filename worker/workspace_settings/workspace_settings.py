"""The settings of workspaces in the database."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from worker.addresses import AddressRefused, Guard
from worker.errors import Conflict
from worker.secret_box import SecretBox, SecretsUnreadable
from worker.settings import Settings
from worker.settings.overridable import OVERRIDABLE, ValueRefused
from worker.store.engine import Store
from worker.store.rows import WorkspaceSettingsRow
from worker.store.selection import Selection
from worker.store.tables import workspace
from worker.store.tables import workspace_settings as table
from worker.telemetry import logs
from worker.workspace_settings.overrides import MASK, Change, Overrides, SettingsRefused, loaded, merged, settings_with

log = logs.get(__name__)

#: Workspaces whose settings a process holds; those of others are read again.
_MAX_HELD = 1_000

_URLS = ("openai_base_url",)


class SettingsChanged(Conflict):
    """The settings were changed after they were read; nothing was saved."""

    code = "settings_changed"


class WorkspaceSettings:
    """Reads and changes the settings of workspaces. Safe to share between threads.

    Args:
        defaults: the settings of the installation.
        guard: decides about the URLs of workspaces.
    """

    def __init__(self, store: Store, defaults: Settings, box: SecretBox, guard: Guard) -> None:
        self.defaults = defaults
        self.guard = guard
        self._store = store
        self._box = box
        self._lock = threading.Lock()
        self._held: dict[str, tuple[int, Settings]] = {}
        of_workspace = table.c.workspace_id == sa.bindparam("workspace")
        self._version = sa.select(table.c.version).where(of_workspace)
        self._row = sa.select(table).where(of_workspace)

    def version(self, workspace_id: str) -> int:
        """Return the version of a workspace's settings, 0 before their first change: one read by primary key."""
        with self._store.read() as connection:
            return connection.scalar(self._version, {"workspace": workspace_id}) or 0

    def of(self, workspace_id: str) -> Settings:
        """Return the settings that hold for a workspace now.

        Raises:
            SettingsRefused: they contradict each other, since the environment or the version changed.
            SecretsUnreadable: a secret was encrypted with another key.
        """
        return self.versioned(workspace_id)[1]

    def versioned(self, workspace_id: str) -> tuple[int, Settings]:
        """Return the version and the settings that hold for a workspace now; raises as `of`."""
        version = self.version(workspace_id)
        if version == 0:
            return 0, self.defaults
        held = self._held.get(workspace_id)
        if held is not None and held[0] == version:
            return held
        overrides = self.overrides(workspace_id)
        found = overrides.version, settings_with(self.defaults, overrides, self._box)
        with self._lock:
            if len(self._held) >= _MAX_HELD:
                self._held.clear()
            self._held[workspace_id] = found
        return found

    def guard_of(self, settings: Settings) -> Guard | None:
        """Return the guard of a model endpoint's addresses; None for the endpoint of the installation."""
        return None if settings.openai_base_url == self.defaults.openai_base_url else self.guard

    def overrides(self, workspace_id: str) -> Overrides:
        """Return the settings that a workspace overrides."""
        with self._store.read() as connection:
            return self._read(connection, workspace_id)

    def overriding(self, name: str) -> dict[str, Any]:
        """Return the values of a setting by the ids of the workspaces that override it.

        A value that does not load, because another version stored it, is logged and left out.
        """
        with self._store.read() as connection:
            rows = connection.execute(sa.select(table.c.workspace_id, table.c.overrides)).all()
        found = {}
        for id, values in rows:
            if name in values:
                try:
                    found[id] = OVERRIDABLE[name].load(values[name])
                except ValueRefused as error:
                    log.warning("setting_unreadable", workspace_id=id, setting=name, cause=str(error))
        return found

    def value(self, workspace_id: str, name: str) -> Any:
        """Return the value of one setting that is no secret; no secret is opened, so it needs no key.

        A value that does not load, because another version stored it, is logged, and the default is returned.
        """
        values = self.overrides(workspace_id).values
        try:
            return OVERRIDABLE[name].load(values[name]) if name in values else getattr(self.defaults, name)
        except ValueRefused as error:
            log.warning("setting_unreadable", workspace_id=workspace_id, setting=name, cause=str(error))
            return getattr(self.defaults, name)

    def where_on(self, name: str) -> Selection:
        """Return the workspaces for which a switch is on."""
        own, by_default = self.overriding(name), bool(getattr(self.defaults, name))
        return Selection(ids=frozenset(id for id, value in own.items() if value != by_default), only=not by_default)

    def preview(self, workspace_id: str, new: Mapping[str, Any]) -> tuple[Settings, Sequence[Change]]:
        """Return the settings with new values, and what differs, as `change` would make them; raises as that."""
        before = self.overrides(workspace_id)
        after, changes = merged(before, self._checked(new, before), self._box)
        return settings_with(self.defaults, after, self._box), changes

    def change(self, workspace_id: str, new: Mapping[str, Any], *, version: int | None = None) -> Sequence[Change]:
        """Change settings, all of them or none; messages from now on are answered with them.

        Args:
            new: values as JSON has them, by name; None takes an override back.
            version: the version that the change was made of, if it is not to replace a later one.

        Returns:
            The values that differ now.

        Raises:
            SettingsRefused: a name or a value is not valid; with the problem of each.
            SettingsChanged: there is a later version.
            SecretsUnreadable: a secret cannot be encrypted.
        """
        values = self._checked(new, self.overrides(workspace_id))
        with self._store.begin() as tx:
            tx.execute(sa.select(workspace.c.id).where(workspace.c.id == workspace_id).with_for_update())
            before = self._read(tx, workspace_id)
            if version is not None and version != before.version:
                raise SettingsChanged
            after, changes = merged(before, values, self._box)
            settings_with(self.defaults, after, self._box)
            if changes:
                self._write(tx, workspace_id, replace(after, version=before.version + 1))
        return changes

    def seal(self, workspace_id: str, name: str, text: str) -> str:
        """Return a secret encrypted, for where it goes before it is saved: a form that comes back, or a worker."""
        return self._box.seal(_mark(workspace_id, name) + text)

    def open(self, workspace_id: str, name: str, sealed: str) -> str | None:
        """Return a secret of this workspace and setting that `seal` encrypted; None for any other text."""
        try:
            text = self._box.open(sealed)
        except SecretsUnreadable:
            return None
        mark = _mark(workspace_id, name)
        return text.removeprefix(mark) if text.startswith(mark) else None

    def sealed(self, workspace_id: str, new: Mapping[str, Any]) -> dict[str, Any]:
        """Return values in JSON whose secrets are sealed, as they may go through Redis."""
        return {
            name: self.seal(workspace_id, name, value) if _is_secret(name) and isinstance(value, str) else value
            for name, value in new.items()
        }

    def opened(self, workspace_id: str, new: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that were given to `sealed`."""
        return {
            name: self.open(workspace_id, name, value) or "" if _is_secret(name) and isinstance(value, str) else value
            for name, value in new.items()
        }

    def _checked(self, new: Mapping[str, Any], stored: Overrides) -> dict[str, Any]:
        values = loaded(new, unknown=stored.unknown)
        problems = {}
        for name, value in values.items():
            if _is_secret(name) and value == MASK:
                problems[name] = "This stands for a secret that is not shown; give the secret itself."
            elif name in _URLS and value is not None and value != getattr(self.defaults, name):
                try:
                    self.guard.check_url(value, field=name)
                except AddressRefused as error:
                    problems[name] = _with_remedy(str(error))
        if problems:
            raise SettingsRefused(problems)
        return values

    def _read(self, connection: sa.Connection, workspace_id: str) -> Overrides:
        found = connection.execute(self._row, {"workspace": workspace_id}).mappings().first()
        if found is None:
            return Overrides()
        row = WorkspaceSettingsRow.from_row(found)
        return Overrides(version=row.version, values=row.overrides, secrets=row.secrets, updated_at=row.updated_at)

    def _write(self, tx: sa.Connection, workspace_id: str, new: Overrides) -> None:
        values = {
            "version": new.version,
            "overrides": dict(new.values),
            "secrets": dict(new.secrets),
            "updated_at": self._store.now(tx),
        }
        if new.version == 1:
            tx.execute(table.insert().values(workspace_id=workspace_id, **values))
        else:
            tx.execute(table.update().where(table.c.workspace_id == workspace_id).values(**values))


def _is_secret(name: str) -> bool:
    return name in OVERRIDABLE and OVERRIDABLE[name].is_secret


def _mark(workspace_id: str, name: str) -> str:
    """Return the beginning of a sealed secret that is not saved, so that nothing else that was sealed passes for it."""
    return f"unsaved {name} of {workspace_id}: "


def _with_remedy(problem: str) -> str:
    if "private" in problem or "https" in problem:
        return f"{problem} The operator may open private networks with ANSWERBACK_MODEL_ALLOW."
    return problem
