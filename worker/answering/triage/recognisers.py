"""The recogniser of each workspace, which follows what its desk changes."""

import threading

from worker.answering.triage.learned_examples import LearnedExamples, OwnCheck
from worker.answering.triage.recogniser import Recogniser, Recognition
from worker.categories.categories import Categories, of_row
from worker.errors import DatabaseUnavailable
from worker.telemetry import logs

log = logs.get(__name__)

#: Workspaces whose own recognisers a process keeps, a few megabytes each.
_MAX_KEPT = 20

_Stamp = tuple[tuple[str, int], ...]


class Recognisers:
    """Recognises messages of workspaces. Safe to share between threads.

    The recogniser of a workspace with categories of its own is learned with its next message after a change, which
    takes a second or two.
    """

    def __init__(self, learned: LearnedExamples, categories: Categories) -> None:
        self._learned = learned
        self._categories = categories
        self._shipped: Recogniser | None = None
        self._own: dict[str, tuple[_Stamp, Recogniser, dict[str, OwnCheck]]] = {}
        self._turn = threading.Lock()

    def recognise(self, workspace_id: str, text: str) -> Recognition:
        """Return the categories that a message of a workspace belongs to."""
        try:
            stamp = self._categories.stamp(workspace_id)
        except DatabaseUnavailable:  # what ships still counts
            stamp = ()
        if not stamp:
            return self.shipped().recognise(text)
        return self._with_own(workspace_id, stamp)[0].recognise(text)

    def checks(self, workspace_id: str) -> dict[str, OwnCheck]:
        """Return how each category of a workspace does on its own examples, by name."""
        stamp = self._categories.stamp(workspace_id)
        return self._with_own(workspace_id, stamp)[1] if stamp else {}

    def shipped(self) -> Recogniser:
        """Return the recogniser of the examples that ship; the first call loads or learns it."""
        with self._turn:
            if self._shipped is None:
                self._shipped = self._learned.recogniser()
            return self._shipped

    def _with_own(self, workspace_id: str, stamp: _Stamp) -> tuple[Recogniser, dict[str, OwnCheck]]:
        with self._turn:
            kept = self._own.get(workspace_id)
            if kept is None or kept[0] != stamp:
                own = [of_row(row) for row in self._categories.all(workspace_id)]
                kept = (stamp, *self._learned.with_own(own))
                self._own.pop(workspace_id, None)
                self._own[workspace_id] = kept
                while len(self._own) > _MAX_KEPT:
                    self._own.pop(next(iter(self._own)))
                log.info("categories_learned", workspace_id=workspace_id, categories=len(own))
            return kept[1], kept[2]
