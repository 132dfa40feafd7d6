"""The connectors of helpdesks and of notifications, by kind."""

from collections.abc import Callable, Mapping

from worker.addresses import Caller
from worker.helpdesks.chatwoot import Chatwoot
from worker.helpdesks.django_helpdesk import DjangoHelpdesk
from worker.helpdesks.email import Email
from worker.helpdesks.freshdesk import Freshdesk
from worker.helpdesks.intercom import Intercom
from worker.helpdesks.protocol import Account, Desk
from worker.helpdesks.rt import RequestTracker
from worker.helpdesks.slack import Slack
from worker.helpdesks.zammad import Zammad
from worker.helpdesks.zendesk import Zendesk

KINDS: Mapping[str, Callable[[Account, Caller], Desk]] = {
    "chatwoot": Chatwoot,
    "django_helpdesk": DjangoHelpdesk,
    "email": Email,
    "freshdesk": Freshdesk,
    "intercom": Intercom,
    "rt": RequestTracker,
    "slack": Slack,
    "zammad": Zammad,
    "zendesk": Zendesk,
}
