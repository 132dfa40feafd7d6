"""Connect mailboxes, check them, and disconnect them."""

import sys
from typing import Any

import click

from worker.cli.base import TABLE, Columns, Failure, main, note, open_services, output_option, print_list, print_value
from worker.helpdesks.options import MODES
from worker.mailboxes.oauth_providers import PROVIDER_NAMES


@main.group()
@click.option("--workspace", default="default", show_default=True)
@click.pass_context
def mailbox(context: click.Context, workspace: str) -> None:
    """Connect a mailbox, such as support@yours; check it, list it, disconnect it."""
    context.obj = workspace


@mailbox.command()
@click.argument("name")
@click.option("--address", required=True, help="Address of the mailbox, such as support@yours.example")
@click.option("--imap-url", help="imaps://user:password@host, or imap://… for STARTTLS; % for special characters.")
@click.option("--smtp-url", help="smtps://user:password@host or smtp://…:587; ANSWERBACK_SMTP_URL if omitted.")
@click.option("--sender-name", help="Name that its mail is from.")
@click.option("--authserv-id", help="Name under which your own server writes Authentication-Results.")
@click.option("--mailgun-key", help="HTTP webhook signing key of Mailgun, if it posts the mail.")
@click.option("--ses-topic", help="ARN of the SNS topic to which Amazon SES publishes the mail.")
@click.option("--inbound-password", help="Password in the URL that Postmark or SendGrid posts to.")
@click.option("--sendgrid-key", help="Public key that verifies SendGrid's signatures, in place of the password.")
@click.option("--team", multiple=True, help="Address or @domain of colleagues; may be repeated.")
@click.option("--notify", multiple=True, help="Address that gets notes about handoffs; may be repeated.")
@click.option("--folder", "folders", multiple=True, metavar="USE=NAME", help="Folder for inbox, sent or drafts.")
@click.option("--plus-addressing", is_flag=True, help="address+anything@ reaches the mailbox.")
@click.option("--saves-sent", is_flag=True, help="The server keeps a copy of what it sends by itself, as Gmail does.")
@click.option("--mode", type=click.Choice(MODES), default="draft", show_default=True)
@click.pass_obj
def connect(workspace: str, /, name: str, folders: tuple[str, ...], **given: Any) -> None:
    """Connect a mailbox under a NAME."""
    named = {}
    for folder in folders:
        use, equals, folder_name = folder.partition("=")
        if not equals:
            raise click.UsageError(f"--folder {folder}: write it as USE=NAME.")
        named[use] = folder_name
    new = {"name": name, "folders": named, **given}
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        made = services.mailboxes.make(owner, {key: value for key, value in new.items() if value is not None})
        note(services, "mailboxes.make", made["id"], workspace_id=owner)
    click.echo(f"{made['id']} is connected, mode {made['mode']}.")
    click.echo(f"Next: answerback mailbox check {name}")


@mailbox.command(name="list")
@output_option
@click.pass_obj
def list_mailboxes(workspace: str, output: str) -> None:
    """List the mailboxes, with what became of their mail."""
    with open_services() as services:
        found = services.mailboxes.all(services.keys.known_workspace(workspace))
    columns: Columns = {
        "name": "name",
        "mode": "mode",
        "state": "state",
        "address": "address",
        "id": "id",
        "mail": lambda row: ", ".join(f"{count} {state}" for state, count in row["mail"].items() if count),
        "error": "error",
    }
    empty = "There is no mailbox. Connect one: answerback mailbox connect NAME --address support@yours.example"
    print_list(found, output, columns, empty=empty)


@mailbox.command()
@click.argument("name")
@output_option
@click.pass_obj
def check(workspace: str, name: str, output: str) -> None:
    """Log in to the servers of a mailbox and find its folders; exits with 1 if a test fails."""
    with open_services() as services:
        row = services.mailboxes.named(services.keys.known_workspace(workspace), name)
        found = services.mailboxes.check(row)
    if output != TABLE:
        print_value([{"what": what, "wrong": wrong} for what, wrong in found], output)
    else:
        for what, wrong in found:
            click.secho(f"{what}: {wrong or 'well'}", fg="red" if wrong else "green")
    if any(wrong for _, wrong in found):
        sys.exit(1)


@mailbox.command()
@click.argument("name")
@click.option("--provider", type=click.Choice(PROVIDER_NAMES), required=True)
@click.option("--client-id", required=True, help="Id of the app that you registered there.")
@click.option("--client-secret", help="Its secret, if it has one.")
@click.option("--tenant", help="Tenant of Microsoft Entra, such as yours.example; any of work accounts if omitted.")
@click.option("--token-url", help="Token endpoint of another provider.")
@click.option("--scope", help="Scope to ask for, if not the provider's for mail.")
@click.option("--refresh-token", help="Asked for if omitted; for Microsoft, got by a code that you enter in a browser.")
@click.pass_obj
def authorize(workspace: str, /, name: str, **given: str | None) -> None:
    """Log in to a mailbox by consent (OAuth 2), in place of passwords; again when a new consent is needed.

    URLs that have a user and no password are logged in to with it.
    """
    consent = {key: value for key, value in given.items() if value is not None}
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        id = services.mailboxes.named(owner, name).id
        if "refresh_token" not in consent:
            consent["refresh_token"] = _refresh_token(services.mailboxes.consents, consent)
        services.mailboxes.change(owner, id, {"oauth": consent})
        note(services, "mailboxes.change", id, workspace_id=owner)
    click.echo(f"{name} is logged in to by consent. Next: answerback mailbox check {name}")


def _refresh_token(consents: Any, consent: dict[str, str]) -> str:
    """Return a refresh token: by a code that a person enters in a browser, or typed in where there are no codes."""
    from worker.mailboxes.oauth_client import ProviderRefused, ProviderUnavailable

    def show(url: str, code: str) -> None:
        click.echo(f"Open {url} as the user of the mailbox, and enter {code}. Waiting …")

    try:
        found = consents.refresh_token_by_code(consent, show=show)
    except (ProviderRefused, ProviderUnavailable) as error:
        raise Failure(str(error)) from None
    return found or str(click.prompt("Refresh token", hide_input=True))


@mailbox.command()
@click.argument("name")
@click.option("--mode", type=click.Choice(MODES))
@click.option("--state", type=click.Choice(["enabled", "disabled"]))
@click.option("--imap-url", help="New IMAP server, user and password.")
@click.option("--smtp-url", help="New SMTP server, user and password.")
@click.option("--authserv-id", help="New name under which your own server writes Authentication-Results.")
@click.option("--ses-topic", help="ARN of the SNS topic to which Amazon SES publishes the mail.")
@click.option("--inbound-password", help="Password in the URL that Postmark or SendGrid posts to.")
@click.option("--sendgrid-key", help="Public key that verifies SendGrid's signatures, in place of the password.")
@click.pass_obj
def change(workspace: str, /, name: str, **given: str | None) -> None:
    """Change a mailbox: let it reply, give it a new password, or switch it off."""
    new = {key: value for key, value in given.items() if value is not None}
    if not new:
        raise click.UsageError("Give at least one option to change.")
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        id = services.mailboxes.named(owner, name).id
        services.mailboxes.change(owner, id, new)
        note(services, "mailboxes.change", id, workspace_id=owner)
    click.echo(f"{name} is changed: {', '.join(sorted(new))}.")


@mailbox.command()
@click.argument("name")
@click.pass_obj
def disconnect(workspace: str, name: str) -> None:
    """Disconnect a mailbox; its conversations stay, and nothing is deleted in it."""
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        id = services.mailboxes.named(owner, name).id
        services.mailboxes.remove(owner, id)
        note(services, "mailboxes.remove", id, workspace_id=owner)
    click.echo(f"{name} is disconnected.")
