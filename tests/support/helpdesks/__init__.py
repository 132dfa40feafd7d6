"""Small helpdesks over real HTTP that behave as the real ones do, after their reference: auth, validation, webhooks."""

from tests.support.helpdesks.chatwoot import FakeChatwoot
from tests.support.helpdesks.django_helpdesk import FakeDjangoHelpdesk
from tests.support.helpdesks.fake import (
    AGENT,
    BOT,
    CUSTOMER,
    SECRET,
    TOKEN,
    CannedDesk,
    Entry,
    FakeDesk,
    Refused,
    Ticket,
    account,
    need,
)
from tests.support.helpdesks.freshdesk import FakeFreshdesk
from tests.support.helpdesks.intercom import FakeIntercom
from tests.support.helpdesks.rt import FakeRequestTracker
from tests.support.helpdesks.zammad import FakeZammad
from tests.support.helpdesks.zendesk import FakeZendesk

_ALL = (
    FakeZendesk,
    FakeChatwoot,
    FakeZammad,
    FakeFreshdesk,
    FakeIntercom,
    FakeRequestTracker,
    FakeDjangoHelpdesk,
)

FAKES = {one.kind: one for one in _ALL}

__all__ = [
    "AGENT",
    "BOT",
    "CUSTOMER",
    "FAKES",
    "SECRET",
    "TOKEN",
    "CannedDesk",
    "Entry",
    "FakeChatwoot",
    "FakeDesk",
    "FakeDjangoHelpdesk",
    "FakeFreshdesk",
    "FakeIntercom",
    "FakeRequestTracker",
    "FakeZammad",
    "FakeZendesk",
    "Refused",
    "Ticket",
    "account",
    "need",
]
