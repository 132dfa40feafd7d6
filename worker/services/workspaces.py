"""Parts that depend on the settings of a workspace: built from them, and again when they change."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from worker.settings import Settings
from worker.workspace_settings.workspace_settings import WorkspaceSettings

T = TypeVar("T")

#: Workspaces with settings of their own whose parts a process holds.
_MAX_HELD = 100


class PerWorkspace(Generic[T]):
    """The parts of workspaces, one read of the database each time. Safe to share between threads.

    All workspaces without settings of their own share one part. A turn that is under way keeps the part that it began
    with.
    """

    def __init__(self, settings: WorkspaceSettings, build: Callable[[Settings, int], T]) -> None:
        """`build` takes the settings and their version."""
        self._settings = settings
        self._build = build
        self._default = build(settings.defaults, 0)
        self._held: dict[str, tuple[int, T]] = {}
        self._lock = threading.Lock()

    def of(self, workspace_id: str) -> T:
        """Return the part of a workspace by the settings that hold now; raises as `WorkspaceSettings.of`."""
        version, settings = self._settings.versioned(workspace_id)
        if version == 0:
            return self._default
        held = self._held.get(workspace_id)
        if held is not None and held[0] == version:
            return held[1]
        with self._lock:
            held = self._held.get(workspace_id)
            if held is not None and held[0] >= version:
                return held[1]
            part = self._build(settings, version)
            if len(self._held) >= _MAX_HELD:
                self._held.pop(next(iter(self._held)))
            self._held.pop(workspace_id, None)  # the newest are last
            self._held[workspace_id] = version, part
        return part
