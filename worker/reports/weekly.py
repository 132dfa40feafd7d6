"""The weekly report by mail, to those who want it: what became of the conversations of last week."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from worker.accounts.letters import Letter
from worker.accounts.mail import AccountMails
from worker.errors import NotFound
from worker.reports import figures
from worker.reports.period import Period
from worker.states import LetterKind, SuggestionState
from worker.store.engine import Store
from worker.store.rows import Account
from worker.store.tables import account, membership, suggestion, workspace

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000

#: 1970-01-05, the first Monday.
_FIRST_MONDAY_MS = 4 * _DAY_MS

#: Reports leave on Mondays at this time (UTC), when last week's last conversations have been counted.
_AT_MS = 6 * _HOUR_MS

_MAX_SUGGESTIONS = 3


class WeeklyReports:
    """Says who wants the weekly report, and has it mailed. Thread-safe; any number of processes may queue."""

    def __init__(self, store: Store, mails: AccountMails) -> None:
        self._store = store
        self._mails = mails

    def is_wanted(self, workspace_id: str, account_id: str) -> bool:
        """Whether a person gets the report of a workspace."""
        wanted = sa.select(membership.c.report_due_at).where(*_of(workspace_id, account_id))
        with self._store.read() as connection:
            return connection.execute(wanted).scalar() is not None

    def want(self, workspace_id: str, account_id: str, *, wanted: bool) -> None:
        """Send a person the report of a workspace from next Monday on, or no more.

        Raises:
            NotFound: the person does not belong to the workspace.
        """
        with self._store.begin() as tx:
            due_at = next_monday(self._store.now(tx)) if wanted else None
            changed = membership.update().where(*_of(workspace_id, account_id)).values(report_due_at=due_at)
            if not tx.execute(changed).rowcount:
                raise NotFound("There is no account with this id.")

    def queue_due(self, *, limit: int = 100) -> int:
        """Queue the reports that are due; return how many."""
        if not self._mails.can_send:
            return 0
        due = (
            sa.select(membership.c.account_id, membership.c.workspace_id, membership.c.report_due_at, account.c.email)
            .join(account, account.c.id == membership.c.account_id)
            .where(
                membership.c.report_due_at.is_not(None),
                membership.c.report_due_at <= self._store.clock.sql(),
                membership.c.accepted_at.is_not(None),
                membership.c.disabled_at.is_(None),
                account.c.disabled_at.is_(None),
            )
            .limit(limit)
        )
        with self._store.read() as connection:
            rows = connection.execute(due).all()
        return sum(self._queue(row) for row in rows)

    def _queue(self, row: Any) -> bool:
        with self._store.begin() as tx:
            moved = (
                membership.update()
                .where(*_of(row.workspace_id, row.account_id), membership.c.report_due_at == row.report_due_at)
                .values(report_due_at=next_monday(self._store.now(tx)))
            )
            if not tx.execute(moved).rowcount:
                return False  # another process queues it
            self._mails.queue(tx, LetterKind.WEEKLY_REPORT, row.email, workspace_id=row.workspace_id)
        return True


def weekly_letter(store: Store, person: Account, workspace_id: str, console_url: str) -> Letter | None:
    """Return the report of last week, Monday to Sunday; None for who belongs to the workspace no more."""
    belongs = sa.select(workspace.c.name).join(membership, membership.c.workspace_id == workspace.c.id)
    belongs = belongs.where(*_of(workspace_id, person.id), membership.c.disabled_at.is_(None))
    drafts = (
        sa.select(suggestion.c.title, suggestion.c.count)
        .where(suggestion.c.workspace_id == workspace_id, suggestion.c.state == SuggestionState.OPEN)
        .order_by(suggestion.c.count.desc(), suggestion.c.id.desc())
        .limit(_MAX_SUGGESTIONS)
    )
    with store.read() as connection:
        name = connection.execute(belongs).scalar()
        if name is None:
            return None
        monday = _date(next_monday(store.now(connection))) - timedelta(days=14)
        asked = [(row["title"], row["count"]) for row in connection.execute(drafts).mappings()]
    report = figures.summary(store, workspace_id, Period(monday, monday + timedelta(days=6)))
    return _letter(person, name, report, asked, console_url)


def _letter(
    person: Account, name: str, report: dict[str, Any], asked: list[tuple[str, int]], console_url: str
) -> Letter:
    now, before, period = report["totals"], report["totals_before"], report["period"]
    lines = [f"{label}: {_number(now[key])} (the week before: {_number(before[key])})" for label, key in _LINES.items()]
    lines.append(f"Satisfaction: {_percent(now['satisfaction'])} of {now['good'] + now['bad']} ratings are good")
    cost = now["cost_per_resolution_usd"]
    lines.append(f"Cost per resolution by the bot: {'–' if cost is None else f'${cost:.4f}'}")
    url = f"{console_url}/reports?since={period['since']}&until={period['until']}"
    write = "".join(f"- {title} (asked {count}×)\n" for title, count in asked)
    span, rate = f"from {period['since']} to {period['until']}", _percent(now["resolution_rate"])
    return Letter(
        subject=f"{name}: {now['conversations']:,} conversations, {rate} resolved by the bot",
        text=(
            f"Hello {person.name},\n\nthe conversations of {name} that began {span}:\n\n"
            + "".join(f"{line}\n" for line in lines)
            + (f"\nTo write next:\n{write}" if write else "")
            + f"\nThe whole report, and where you turn this mail off:\n{url}\n"
        ),
    )


_LINES = {
    "Conversations": "conversations",
    "Resolved by the bot": "resolved_by_bot",
    "Partly answered": "partly_answered",
    "Resolved by people": "resolved_by_human",
    "Handed off": "handed_off",
    "Reopened": "reopened",
}


def next_monday(now_ms: int) -> int:
    """Return the next time at which reports leave, in ms since 1970: a Monday, 06:00 UTC."""
    since = now_ms - _FIRST_MONDAY_MS - _AT_MS
    return _FIRST_MONDAY_MS + _AT_MS + (since // (7 * _DAY_MS) + 1) * 7 * _DAY_MS


def _date(ms: int) -> date:
    return datetime.fromtimestamp(ms / 1_000, UTC).date()


def _of(workspace_id: str, account_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (membership.c.workspace_id == workspace_id, membership.c.account_id == account_id)


def _number(count: int) -> str:
    return f"{count:,}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
