"""How providers that post mail prove who they are."""

import base64
import hmac

from worker.helpdesks.protocol import WebhookRefused

#: The user of the URLs that are given to providers.
USER = "answerback"


def require_password(authorization: str, password: str) -> None:
    """Raise unless a header `Authorization` has the user and this password, as of `https://answerback:password@…`.

    Raises:
        WebhookRefused: it has not.
    """
    expected = "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()
    if not hmac.compare_digest(expected.encode(), authorization.encode("utf-8", "surrogateescape")):
        raise WebhookRefused("The request has not the user and the password of the mailbox's URL.")
