"""The connectors of helpdesks and of notifications, by kind."""

from collections.abc import Callable, Mapping

from worker.addresses import Caller
from worker.helpdesks.chatwoot import Chatwoot
from worker.helpdesks.email import Email
from worker.helpdesks.freshdesk import Freshdesk
from worker.helpdesks.intercom import Intercom
from worker.helpdesks.protocol import Account, Desk
from worker.helpdesks.slack import Slack
from worker.helpdesks.zammad import Zammad
from worker.helpdesks.zendesk import Zendesk

KINDS: Mapping[str, Callable[[Account, Caller], Desk]] = {
    "chatwoot": Chatwoot,
    "email": Email,
    "freshdesk": Freshdesk,
    "intercom": Intercom,
    "slack": Slack,
    "zammad": Zammad,
    "zendesk": Zendesk,
}

#: Options that each kind needs, besides url, token and webhook_secret.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "chatwoot": ("account_id",),
    "email": (),
    "freshdesk": ("bot_id",),
    "intercom": ("admin_id", "app_id"),
    "slack": ("channel",),
    "zammad": ("bot_id",),
    "zendesk": ("bot_id", "email"),
}

MODES = ("reply", "draft", "shadow")
STATUSES = ("open", "pending", "closed")
