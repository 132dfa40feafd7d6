"""The settings of a workspace."""

import os
import sys
from typing import Any, TextIO

import click

from worker.cli.base import TABLE, Failure, main, note, open_services, output_option, print_value
from worker.settings.overridable import AREAS, OVERRIDABLE, Kind, in_area
from worker.workspace_settings.overrides import Change, SettingsRefused

_workspace = click.option("--workspace", default="default", show_default=True)


@main.group()
def settings() -> None:
    """Show and change what a workspace overrides of the settings of the installation."""


@settings.command()
@click.argument("names", nargs=-1)
@_workspace
@output_option
def show(names: tuple[str, ...], workspace: str, output: str) -> None:
    """Print the settings, or those of these NAMES: value, and where it is from."""
    from worker.workspace_settings.listing import to_api

    if unknown := [name for name in names if name not in OVERRIDABLE]:
        raise click.UsageError(f"There is no setting {', '.join(unknown)}.")
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        overrides = services.workspace_settings.overrides(owner)
        listed = to_api(overrides, services.workspace_settings.defaults)
    listed["items"] = [item for item in listed["items"] if not names or item["name"] in names]
    if output != TABLE:
        print_value(listed, output)
        return
    items = {item["name"]: item for item in listed["items"]}
    for area in AREAS:
        of_area = [items[setting.name] for setting in in_area(area.name) if setting.name in items]
        if of_area:
            click.secho(area.title, bold=True)
        for item in of_area:
            click.secho(_line(item), bold=item["source"] == "workspace")
    if overrides.unknown and not names:
        click.secho("Of another version, without effect (`answerback settings unset NAME` removes it)", bold=True)
        for name in overrides.unknown:
            click.echo(f"  {name}")


def _line(item: dict[str, Any]) -> str:
    setting = OVERRIDABLE[item["name"]]
    value = ("set" if item["is_set"] else "–") if item["is_secret"] else setting.to_text(item["value"]) or "–"
    return f"  {item['name']:<22}{value:<34}{item['source']}"


@settings.command("set")
@click.argument("name")
@click.argument("values", nargs=-1)
@_workspace
def set_setting(name: str, values: tuple[str, ...], workspace: str) -> None:
    """Override the setting NAME; a list has several VALUES. Without one, a secret is asked for.

    `-` reads the value from standard input.
    """
    setting = OVERRIDABLE.get(name)
    if setting is None:
        _change({name: ""}, workspace)  # refused with the reason
        return
    if setting.is_secret and values not in ((), ("-",)):
        raise click.UsageError(f"Others on this machine see the command line: leave {name} out, or pipe it to `-`.")
    if not values and setting.kind != Kind.LIST:
        if not setting.is_secret:
            raise click.UsageError(f"Give the value of {name}: {setting.expected}.")
        values = (click.prompt(name, hide_input=True),)
    text = sys.stdin.read() if values == ("-",) else "\n".join(values)
    _change({name: setting.from_text(text)}, workspace)


@settings.command()
@click.argument("names", nargs=-1, required=True)
@_workspace
def unset(names: tuple[str, ...], workspace: str) -> None:
    """Give the settings NAMES their defaults."""
    _change(dict.fromkeys(names), workspace)


@settings.command()
@click.option(
    "--file", type=click.File("w", encoding="utf-8", lazy=True), default="-", help="Default: standard output."
)
@_workspace
def export(file: TextIO, workspace: str) -> None:
    """Write what the workspace overrides as YAML, without secrets."""
    from worker.workspace_settings import settings_file

    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        written = settings_file.write(services.workspace_settings.overrides(owner))
    file.write(written)


@settings.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--yes", is_flag=True, help="Do not ask.")
@_workspace
def apply(file: TextIO, yes: bool, workspace: str) -> None:
    """Make the overrides those of FILE, which `export` wrote: prints the difference and asks. `-` needs `--yes`."""
    from worker.workspace_settings import settings_file

    try:
        text = file.read()
    except UnicodeDecodeError as error:
        raise Failure(f"{file.name} is not UTF-8: {error}.") from None
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        stored = services.workspace_settings.overrides(owner)
        try:
            new = settings_file.read(text, stored, environ=os.environ)
            _settings, changes = services.workspace_settings.preview(owner, new)
        except SettingsRefused as error:
            raise _refused(error) from None
        _print(changes)
        if not changes:
            return
        if not yes:
            click.confirm(f"Change {len(changes)} of the settings of {workspace}?", abort=True)
        services.workspace_settings.change(owner, new, version=stored.version)
        _note(services, "settings.apply", owner, changes)
    click.echo(f"{workspace} has these settings from the next message on.")


@settings.command("rotate-secrets")
def rotate() -> None:
    """Encrypt all secrets anew with the first key, so that older keys can be removed.

    These are the secrets of all workspaces, of people's authenticator apps, of helpdesks and of mailboxes; of the last
    two also those that are not encrypted yet. Fails where no key opens one of them.
    """
    from worker.secret_box import SecretBox
    from worker.secret_rotation import rotate_secrets

    with open_services() as services:
        installation = services.common.settings
        box = SecretBox(installation.secret_keys, installation.secret_key_file)
        done = rotate_secrets(services.store, box)
    click.echo(f"{done.rotated} secrets are encrypted with the first key.")
    if done.unreadable:
        kept = "\n".join(f"  {name}" for name in done.unreadable)
        raise Failure(f"No key opens these, which stay as they are; add the key to ANSWERBACK_SECRET_KEYS:\n{kept}")


def _change(new: dict[str, Any], workspace: str) -> None:
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        try:
            changes = services.workspace_settings.change(owner, new)
        except SettingsRefused as error:
            raise _refused(error) from None
        if changes:
            _note(services, "settings.update", owner, changes)
    _print(changes)


def _note(services: Any, action: str, workspace_id: str, changes: Any) -> None:
    note(services, action, "settings", workspace_id=workspace_id, changes=[change.to_api() for change in changes])


def _refused(error: SettingsRefused) -> Failure:
    return Failure("\n".join(f"{name}: {problem}" for name, problem in error.problems_by_field.items()))


def _print(changes: Any) -> None:
    if not changes:
        click.echo("Nothing differs.")
    change: Change
    for change in changes:
        before, after = (_text(change.name, value) for value in (change.before, change.after))
        click.echo(f"{change.name}: {before} → {after}")


def _text(name: str, value: Any) -> str:
    if value is None:
        return "(default)"
    setting = OVERRIDABLE.get(name)  # none of another version
    return str(value) if setting is None else setting.to_text(value)
