"""Some of the workspaces: those named, or all others."""

from dataclasses import dataclass

import sqlalchemy as sa


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Workspaces by id: `only` these, or all but these."""

    ids: frozenset[str] = frozenset()
    only: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no workspace is selected."""
        return self.only and not self.ids

    def where(self, workspace_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """Return the condition that a row is of a selected workspace."""
        if not self.ids:
            return sa.false() if self.only else sa.true()
        return workspace_id.in_(self.ids) if self.only else workspace_id.not_in(self.ids)


#: All workspaces.
EVERY_WORKSPACE = Selection()
