"""Connect helpdesks, print how to set them up, and check them."""

import sys

import click

from worker.cli.base import TABLE, main, note, open_services, output_option, print_list, print_value
from worker.helpdesks.options import MODES, OPTIONS


@main.group(invoke_without_command=True)
@click.option("--workspace", default="default", show_default=True)
@output_option
@click.pass_context
def helpdesk(context: click.Context, workspace: str, output: str) -> None:
    """List the connected helpdesks; connect one, set it up, check it."""
    context.obj = workspace
    if context.invoked_subcommand is not None:
        return
    with open_services() as services:
        found = services.connections.all(services.keys.known_workspace(workspace))
    names = ("name", "kind", "mode", "state", "url", "id")
    empty = "No helpdesk is connected: `answerback helpdesk connect NAME --kind … --url …` connects one."
    print_list(found, output, {name: name for name in names}, empty=empty)


@helpdesk.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(sorted(OPTIONS)), required=True)
@click.option("--url", required=True, help="Base URL, such as https://yours.zendesk.com")
@click.option("--token", help="API token; prompted for if omitted, where one is needed.")
@click.option("--webhook-secret", help="Secret that its webhooks are signed with; generated if omitted.")
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Option of the kind of helpdesk: see docs/helpdesks.md.",
)
@click.option("--mode", type=click.Choice(MODES), default="draft", show_default=True)
@click.pass_obj
def connect(
    workspace: str,
    name: str,
    kind: str,
    url: str,
    token: str | None,
    webhook_secret: str | None,
    options: tuple[str, ...],
    mode: str,
) -> None:
    """Connect a helpdesk under a NAME."""
    if token is None and kind != "email":
        token = click.prompt("API token", hide_input=True)
    given: dict[str, str | bool] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise click.UsageError(f"--option {option}: write it as NAME=VALUE.")
        given[key] = {"true": True, "false": False}.get(value.lower(), value)
    new = {"name": name, "kind": kind, "url": url, "token": token, "options": given, "mode": mode}
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        made = services.connections.make(owner, new | {"webhook_secret": webhook_secret})
        note(services, "helpdesks.make", made["id"], workspace_id=owner)
    click.echo(f"{made['id']} is connected, mode {mode}. Its webhook_secret is {made['webhook_secret']}")
    click.echo(f"Next: answerback helpdesk setup {name} --public-url https://…")


@helpdesk.command()
@click.argument("name")
@click.option("--token", help="New API token.")
@click.option("--webhook-secret", help="New secret that its webhooks are signed with.")
@click.option("--url", help="New base URL.")
@click.option("--mode", type=click.Choice(MODES))
@click.option("--state", type=click.Choice(["enabled", "disabled"]))
@click.pass_obj
def change(workspace: str, /, name: str, **given: str | None) -> None:
    """Change a connection: keep the secret that the helpdesk made, let it reply, or switch it off."""
    new = {key: value for key, value in given.items() if value is not None}
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        id = services.connections.named(owner, name).id
        if not new:
            raise click.UsageError("Give at least one option to change.")
        services.connections.change(owner, id, new)
        note(services, "helpdesks.change", id, workspace_id=owner)
    click.echo(f"{name} is changed: {', '.join(sorted(new))}.")


@helpdesk.command()
@click.argument("name")
@click.option("--public-url", help="URL at which the helpdesk reaches this installation (required).")
@click.pass_obj
def setup(workspace: str, name: str, public_url: str | None) -> None:
    """Print what an administrator has to do in the helpdesk."""
    with open_services() as services:
        row = services.connections.named(services.keys.known_workspace(workspace), name)
        if public_url is None:
            raise click.UsageError("Missing option '--public-url', such as https://answers.example.")
        click.echo(services.connections.setup(row, f"{public_url.rstrip('/')}/v1/helpdesks/{row.id}/inbound"))


@helpdesk.command()
@click.argument("name")
@click.option("--ticket", help="Also write a note into this ticket, and read it back.")
@output_option
@click.pass_obj
def check(workspace: str, name: str, ticket: str | None, output: str) -> None:
    """Test a connection: credentials, webhooks, with --ticket a round trip; exits with 1 if a test fails."""
    with open_services() as services:
        row = services.connections.named(services.keys.known_workspace(workspace), name)
        found = services.connections.check(row, ticket=ticket)
    if output != TABLE:
        print_value([{"what": what, "wrong": wrong} for what, wrong in found], output)
    else:
        for what, wrong in found:
            click.secho(f"{what}: {wrong or 'well'}", fg="red" if wrong else "green")
    if any(wrong for _, wrong in found):
        sys.exit(1)
