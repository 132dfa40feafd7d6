"""The weekly report is mailed on Mondays to those who want it, with last week's figures."""

import pytest

from tests.support.accounts import Outbox, accounts_of, join
from tests.support.fakes import TableClock, answer
from tests.worker.reports.test_figures import Desk
from worker.accounts.people import Change
from worker.errors import NotFound
from worker.reports.collecting import FactCollector
from worker.reports.weekly import next_monday
from worker.states import AccountRole, MemberState

DAY = 86_400
MONDAY = 63_072_000 + 2 * DAY + 6 * 3_600  # 1972-01-03, 06:00 UTC


@pytest.fixture
def outbox():
    return Outbox()


@pytest.fixture
def accounts(store, outbox):
    with store.read() as connection:
        now = store.now(connection) / 1_000
    TableClock.advance(store, MONDAY + DAY - now)  # a Tuesday
    return accounts_of(store, outbox)


def send(accounts, outbox):
    outbox.sent.clear()
    accounts.weekly_reports.queue_due()
    accounts.mails.send_due()
    return outbox.sent


def test_it_leaves_on_monday_morning():
    monday = MONDAY * 1_000
    assert next_monday(monday - 1) == monday
    assert next_monday(monday) == monday + 7 * DAY * 1_000


def test_who_wants_it_gets_last_weeks_figures_once_a_week(store, workspace_id, accounts, outbox):
    ada = join(accounts, workspace_id, "ada@shop.example")
    join(accounts, workspace_id, "bob@shop.example", AccountRole.AGENT)
    accounts.mails.send_due()
    desk = Desk(store, workspace_id)
    desk.ask(answer())
    desk.ask(answer())
    TableClock.advance(store, 2)
    FactCollector(store).collect()
    accounts.weekly_reports.want(workspace_id, ada, wanted=True)
    assert accounts.weekly_reports.is_wanted(workspace_id, ada)
    assert send(accounts, outbox) == []  # not before Monday
    TableClock.advance(store, 6 * DAY)
    ((to, subject, text),) = send(accounts, outbox)
    assert to == "ada@shop.example"
    assert subject == "default: 2 conversations, 100% resolved by the bot"
    assert "from 1972-01-03 to 1972-01-09" in text
    assert "Resolved by the bot: 2 (the week before: 0)" in text
    assert "https://desk.example/console/reports?since=1972-01-03&until=1972-01-09" in text
    assert send(accounts, outbox) == []
    TableClock.advance(store, 7 * DAY)
    ((_, subject, _),) = send(accounts, outbox)
    assert subject == "default: 0 conversations, – resolved by the bot"


def test_nobody_else_gets_it(store, workspace_id, accounts, outbox):
    ada, bob = (join(accounts, workspace_id, f"{name}@shop.example") for name in ("ada", "bob"))
    for id in (ada, bob):
        accounts.weekly_reports.want(workspace_id, id, wanted=True)
    accounts.weekly_reports.want(workspace_id, ada, wanted=False)
    disabled = Change(state=MemberState.DISABLED)
    accounts.people.change(workspace_id, bob, disabled, by=AccountRole.OWNER)
    TableClock.advance(store, 7 * DAY)
    accounts.mails.send_due()
    assert send(accounts, outbox) == []
    with pytest.raises(NotFound):
        accounts.weekly_reports.want(workspace_id, "acc_none", wanted=True)
