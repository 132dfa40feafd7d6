"""Where mail servers' providers exchange tokens, and what is asked of them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider of OAuth 2.

    Attributes:
        token_url: exchanges refresh tokens; `{tenant}` is that of the desk.
        device_url: begins a consent on another device; None where that is not offered for mail.
        scope: what the consent is asked for.
    """

    token_url: str
    device_url: str | None
    scope: str


#: Microsoft: "Authenticate an IMAP, POP or SMTP connection using OAuth" on learn.microsoft.com. Google:
#: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol; its consents on other devices exclude mail:
#: https://developers.google.com/identity/protocols/oauth2/limited-input-device#allowedscopes
PROVIDERS: Mapping[str, Provider] = {
    "microsoft": Provider(
        token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",  # noqa: S106 - an address
        device_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode",
        scope="https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
    ),
    "google": Provider(
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        device_url=None,
        scope="https://mail.google.com/",
    ),
}

#: The tenant of Microsoft where none is given: that of whoever consents, with a work account.
DEFAULT_TENANT = "organizations"

#: Any other, whose `token_url` is given.
OTHER = "other"

PROVIDER_NAMES = (*PROVIDERS, OTHER)
