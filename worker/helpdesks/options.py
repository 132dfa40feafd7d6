"""The options of connections to helpdesks, readable without loading a connector."""

from collections.abc import Mapping

#: Options that each kind needs, besides url, token and webhook_secret.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "chatwoot": ("account_id",),
    "django_helpdesk": ("bot_id",),
    "email": (),
    "freshdesk": ("bot_id",),
    "intercom": ("admin_id", "app_id"),
    "rt": ("user",),
    "slack": ("channel",),
    "zammad": ("bot_id",),
    "zendesk": ("bot_id", "email"),
}

MODES = ("reply", "draft", "shadow")
STATUSES = ("open", "pending", "closed")
