import pytest

from tests.support.fakes import LOOPBACK, conversation_actions
from tests.support.mails import DESK
from worker.conversations.attachments import Attachments
from worker.helpdesks.mail import MailServer
from worker.mailboxes.inbound import MailIntake
from worker.mailboxes.mailboxes import Mailboxes
from worker.store.engine import Store
from worker.store.rows import Mailbox


@pytest.fixture
def mailboxes(store: Store) -> Mailboxes:
    """What manages mailboxes, with an operator's server that nobody is at."""
    return Mailboxes(store, LOOPBACK, mail=MailServer(url="smtp://127.0.0.1:1", sender="bot@desk.example"))


@pytest.fixture
def box(mailboxes: Mailboxes, workspace_id: str) -> Mailbox:
    """A mailbox that replies, is read by IMAP and knows its colleagues."""
    made = mailboxes.make(
        workspace_id,
        {
            "name": "support",
            "address": DESK,
            "imap_url": "imaps://me:secret@127.0.0.1:1",
            "authserv_id": "mx.desk.example",
            "team": ["@desk.example"],
            "mode": "reply",
        },
    )
    return mailboxes.get(workspace_id, made["id"])


@pytest.fixture
def intake(store: Store) -> MailIntake:
    """What takes mail into conversations."""
    return MailIntake(store, conversation_actions(store), Attachments(store), deadline_s=60)
