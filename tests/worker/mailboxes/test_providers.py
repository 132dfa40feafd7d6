"""The password of a mailbox's URL opens that mailbox, and nothing else does."""

import pytest

from tests.support.posting import basic
from worker.helpdesks.protocol import WebhookRefused
from worker.mailboxes.providers import require_password


def test_the_user_and_the_password_of_the_url_are_needed():
    require_password(basic("pässword"), "pässword")
    for wrong in ("", basic("other"), basic("pässword", "admin"), "basic x", "Basic \udcff"):
        with pytest.raises(WebhookRefused):
            require_password(wrong, "pässword")
