"""Mail about accounts leaves once, is tried again, and has a link that nothing else has."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.support.accounts import OWNER, accounts_of, join
from tests.support.fakes import TableClock
from worker.states import AccountRole
from worker.store.tables import account_link, account_mail


def queued(store):
    with store.read() as connection:
        return connection.execute(sa.select(account_mail)).mappings().all()


def test_a_mail_that_is_refused_is_tried_again_with_growing_pauses_and_then_given_up(accounts, ada, outbox, store):
    accounts.mails.send_due()
    outbox.refuses = True
    accounts.entrance.forgot("ada@shop.example")
    with capture_logs() as lines:
        for attempt in range(6):
            assert accounts.mails.send_due() == (1 if attempt == 5 else 0)
            assert accounts.mails.send_due() == 0  # not yet
            TableClock.advance(store, 30 * 2**attempt)
    assert queued(store) == []
    assert [line["event"] for line in lines].count("account_mail_refused") == 6
    assert lines[-1]["event"] == "account_mail_lost"
    assert all("shop.example" not in str(line) for line in lines)


def test_a_server_that_comes_back_gets_the_mail(accounts, ada, outbox, store):
    accounts.mails.send_due()
    outbox.sent.clear()
    outbox.refuses = True
    accounts.entrance.forgot("ada@shop.example")
    accounts.mails.send_due()
    outbox.refuses = False
    TableClock.advance(store, 30)
    assert accounts.mails.send_due() == 1
    accounts.entrance.check_reset(outbox.token())


def test_the_queue_holds_no_link_before_the_mail_leaves(accounts, ada, store):
    accounts.mails.send_due()
    accounts.entrance.forgot("ada@shop.example")
    (row,) = queued(store)
    assert set(row) == {"id", "kind", "email", "workspace_id", "attempts", "due_at", "created_at"}
    with store.read() as connection:
        kinds = connection.execute(sa.select(account_link.c.kind)).scalars().all()
    assert "reset" not in kinds


def test_an_invitation_that_was_withdrawn_is_not_sent(accounts, ada, workspace_id, outbox):
    accounts.mails.send_due()
    outbox.sent.clear()
    made = accounts.invitations.invite(workspace_id, email="bob@shop.example", role=AccountRole.AGENT, by=OWNER)
    accounts.people.remove(workspace_id, made.account_id, by=AccountRole.OWNER)
    accounts.mails.send_due()
    assert outbox.sent == []


def test_without_a_mail_server_nothing_is_queued(store, workspace_id):
    accounts = accounts_of(store, None)
    join(accounts, workspace_id, "ada@shop.example")
    accounts.entrance.forgot("ada@shop.example")
    assert not accounts.mails.can_send
    assert queued(store) == []
    assert accounts.mails.send_due() == 0


def test_two_processes_send_a_mail_once(accounts, ada, outbox, store):
    accounts.mails.send_due()
    outbox.sent.clear()
    accounts.entrance.forgot("ada@shop.example")
    others = [accounts_of(store, outbox).mails for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(lambda mails: mails.send_due(), others)) == 1
    assert len(outbox.sent) == 1
