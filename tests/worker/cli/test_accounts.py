"""Accounts at the command line, for who runs the installation."""

import json

import pytest

from tests.support.accounts import PASSWORD, token_of
from tests.support.services import build_installation
from worker.accounts.sessions import Client
from worker.settings import Settings


@pytest.fixture
def installation(env):
    built = build_installation(Settings.from_env(env))
    yield built
    built.close()


def test_an_owner_is_invited_listed_disabled_enabled_and_reset(run, installation):
    assert "Nobody yet" in run("account", "list").stdout
    url = run("account", "invite", "ada@shop.example", "--role", "owner").stdout.strip()
    assert url.startswith("http://127.0.0.1:")
    accounts = installation.accounts
    ada = accounts.invitations.accept(token_of(url), name="Ada", password=PASSWORD)
    refused = run("account", "disable", "ada@shop.example")
    assert (refused.returncode, "last owner" in refused.stderr) == (1, True)
    url = run("account", "invite", "bob@shop.example").stdout.strip()
    accounts.invitations.accept(token_of(url), name="Bob", password=PASSWORD)
    session = accounts.entrance.enter("bob@shop.example", PASSWORD, client=Client())
    assert run("account", "disable", "BOB@shop.example").returncode == 0
    states = {person["email"]: person["state"] for person in json.loads(run("account", "list", "--json").stdout)}
    assert states == {"ada@shop.example": "active", "bob@shop.example": "disabled"}
    assert accounts.sessions.all(session.account_id) == []
    assert run("account", "enable", "bob@shop.example").returncode == 0
    assert "active" in run("account", "list").stdout
    accounts.second_factor.begin(ada)
    reset = run("account", "reset", "ada@shop.example", "--second-factor").stdout.strip()
    assert accounts.second_factor.pending(ada) is None
    accounts.entrance.reset(token_of(reset), "copper whale drafts limericks")
    actions = [entry["action"] for entry in installation.audit_log.page(installation.keys.workspace())[0]]
    assert actions == [f"account.{verb}" for verb in ("reset", "enable", "disable", "invite", "invite")]


def test_an_unknown_address_role_or_workspace_is_refused(run):
    for arguments in (("disable", "nobody@shop.example"), ("reset", "nobody@shop.example")):
        refused = run("account", *arguments)
        assert (refused.returncode, "no account" in refused.stderr) == (1, True)
    assert run("account", "invite", "a@shop.example", "--role", "king").returncode == 2
    assert run("account", "invite", "no address").returncode == 1
    assert run("account", "list", "--workspace", "none").returncode == 1


def test_migrating_prints_a_link_for_the_first_owner_until_there_is_one(run, installation):
    first, second = (run("migrate").stdout for _ in range(2))
    assert "Become the owner" in first
    token = token_of(second.rpartition(" ")[2].strip())
    assert token not in first
    installation.accounts.invitations.accept(token, name="Ada", password=PASSWORD, email="ada@shop.example")
    assert "Become the owner" not in run("migrate").stdout
