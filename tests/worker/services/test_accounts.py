"""The parts of accounts are wired to the settings."""

from pathlib import Path

from tests.support.accounts import OWNER
from worker.services.accounts import build_accounts, build_secret_box
from worker.settings import Settings


def test_links_begin_with_the_address_of_the_settings(store, workspace_id):
    for settings, begins in (
        (Settings(home=Path("/x"), console_url="https://desk.example/console/"), "https://desk.example/console/inv"),
        (Settings(home=Path("/x"), host="0.0.0.0", port=8100), "http://127.0.0.1:8100/console/inv"),
    ):
        accounts = build_accounts(settings, store, None, build_secret_box(settings))
        made = accounts.invitations.invite(workspace_id, email="a@shop.example", role="agent", by=OWNER)
        assert made.url.startswith(begins)
        assert not accounts.mails.can_send
