"""A worker reads the mailboxes that nobody reads, takes their mail, and sends for them."""

import threading

import pytest

from tests.support.mails import DESK, mail
from worker.access.keys import Keys
from worker.services.common import build_common, build_guard
from worker.services.mailing import build_mailing
from worker.states import MailFolder
from worker.store import migrate


@pytest.fixture
def common(settings):
    built = build_common(settings)
    migrate.upgrade(built.store)
    yield built
    built.close(timeout_s=0.1)


def test_its_duties_take_the_mail_that_came(common):
    stopping = threading.Event()
    mailing = build_mailing(
        common.store,
        common.settings,
        actions=common.actions,
        attachments=common.attachments,
        guard=build_guard((), resolve_timeout_s=1),
        mail=common.mail,
        holder="one",
        conversation_url=lambda _workspace_id: None,
        stopping=stopping,
    )
    workspace_id = Keys(common.store).workspace()
    made = mailing.mailboxes.make(
        workspace_id, {"name": "support", "address": DESK, "mode": "reply", "smtp_url": "smtp://mail.example"}
    )
    box = mailing.mailboxes.get(workspace_id, made["id"])
    mailing.intake.spool.add(box, mail(), MailFolder.POSTED)
    watch, take, _send_to_visitors = mailing.duties
    watch()  # it has no IMAP
    take()
    mailing.stop()
    for pool in mailing.pools:
        pool._pool.shutdown(wait=True)
    assert mailing.mailboxes.show(workspace_id, made["id"])["mail"]["taken"] == 1
    assert mailing.open_transport(made["id"]) is not None
