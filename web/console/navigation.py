"""The navigation of the console: its entries in groups, and the entry that a page belongs to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import flask

from web.console.session import may
from worker.access.permissions import Permission


@dataclass(frozen=True)
class Entry:
    """A link of the navigation: the section that it stands for, its view, its label, and who sees it."""

    section: str
    view: str
    label: str
    permission: Permission = Permission.READ


#: Entries by the label of their group.
_GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "Desk",
        (
            Entry("inbox", "inbox", "Inbox"),
            Entry("reports", "reports", "Reports"),
            Entry("quality", "quality", "Quality"),
        ),
    ),
    ("Answers", (Entry("knowledge", "documents", "Knowledge"), Entry("voice", "voice", "Voice"))),
    (
        "Channels",
        (
            Entry("helpdesks", "helpdesks", "Helpdesks"),
            Entry("mailboxes", "mailboxes", "Mailboxes"),
            Entry("callbacks", "callbacks", "Callbacks"),
        ),
    ),
    (
        "Workspace",
        (
            Entry("settings", "settings", "Settings", Permission.ADMINISTER),
            Entry("people", "people", "People", Permission.ADMINISTER),
            Entry("health", "health", "Health", Permission.ADMINISTER),
        ),
    ),
)

#: The section of a module's pages, where it has another name.
_SECTIONS = {
    "conversations": "inbox",
    "onboarding": "inbox",
    "sources": "knowledge",
    "suggestions": "knowledge",
    "connecting": "helpdesks",
    "access": "people",
}


def groups() -> Iterator[tuple[str, Sequence[Entry]]]:
    """Yield the groups that whoever is logged in may open, each with its entries."""
    for label, entries in _GROUPS:
        if allowed := [entry for entry in entries if may(entry.permission)]:
            yield label, allowed


def section() -> str:
    """Return the section that the page of this request belongs to."""
    view = flask.current_app.view_functions.get(flask.request.endpoint or "")
    module = "" if view is None else view.__module__.rpartition(".")[2]
    return _SECTIONS.get(module, module)
