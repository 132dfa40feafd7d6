"""People's accounts, for who runs the installation."""

from typing import TYPE_CHECKING

import click

from worker.cli.base import Columns, Failure, main, note, open_services, output_option, print_list
from worker.states import AccountRole

if TYPE_CHECKING:
    from worker.services.commands import Commands
    from worker.store.rows import Account

_workspace_option = click.option("--workspace", default="default", show_default=True)


@main.group()
def account() -> None:
    """List, invite, disable and reset people's accounts."""


@account.command("list")
@_workspace_option
@output_option
def list_accounts(workspace: str, output: str) -> None:
    """List the people of a workspace."""
    with open_services() as services:
        workspace_id, found, cursor = services.keys.known_workspace(workspace), [], None
        while True:
            rows, cursor = services.accounts.people.page(workspace_id, after=cursor, limit=200)
            found += rows
            if cursor is None:
                break
    columns: Columns = {
        **{name: name for name in ("email", "role", "state")},
        "factors": lambda person: "two-factor" if person["second_factor"] else "",
        "name": "name",
    }
    empty = "Nobody yet: `answerback account invite you@example.com --role owner` makes a link."
    print_list(found, output, columns, empty=empty)


@account.command("invite")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in AccountRole]), default="agent", show_default=True)
@click.option("--name", default="", help="Of the person; they can change it.")
@_workspace_option
def invite(email: str, role: str, name: str, workspace: str) -> None:
    """Invite EMAIL to a workspace, and print the link; mail goes out as well where a mail server is set."""
    from worker.accounts.invitations import Inviter

    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        by = Inviter(name="An administrator", role=AccountRole.OWNER)
        invitations = services.accounts.invitations
        made = invitations.invite(workspace_id, email=email, role=AccountRole(role), name=name, by=by)
        note(services, "account.invite", made.account_id, workspace_id=workspace_id)
    click.echo(made.url)


@account.command("disable")
@click.argument("email")
def disable(email: str) -> None:
    """Disable the account of EMAIL in all workspaces, and end its sessions. Its API keys stay: see `keys revoke`."""
    with open_services() as services:
        person = _person(services, email)
        services.accounts.people.disable_everywhere(person.id, disabled=True)
        _note(services, "account.disable", person)
    click.echo(f"{person.email} is disabled.")


@account.command("enable")
@click.argument("email")
def enable(email: str) -> None:
    """Enable the account of EMAIL again."""
    with open_services() as services:
        person = _person(services, email)
        services.accounts.people.disable_everywhere(person.id, disabled=False)
        _note(services, "account.enable", person)
    click.echo(f"{person.email} is enabled.")


@account.command("reset")
@click.argument("email")
@click.option("--second-factor", is_flag=True, help="Turn two-factor authentication off as well: the phone is lost.")
def reset(email: str, second_factor: bool) -> None:
    """Print a link with which EMAIL chooses a new password, within an hour. Make sure that it is them who ask."""
    with open_services() as services:
        person = _person(services, email)
        if second_factor:
            services.accounts.second_factor.remove(person.id)
        url = services.accounts.entrance.reset_link(person.id)
        _note(services, "account.reset", person)
    click.echo(url)


def _person(services: "Commands", email: str) -> "Account":
    found = services.accounts.entrance.by_email(email)
    if found is None:
        raise Failure(f"There is no account with the address {email}.")
    return found


def _note(services: "Commands", action: str, person: "Account") -> None:
    """Record an action in the audit log of the workspace where the person worked last."""
    workspace_id = person.workspace_id or services.keys.workspace()
    note(services, action, person.id, workspace_id=workspace_id)
