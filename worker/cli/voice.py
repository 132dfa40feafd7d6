"""The voice of a workspace."""

import json
from typing import TextIO

import click

from worker.cli.base import TABLE, Failure, main, note, open_services, output_option, print_table, print_value


@main.group()
def voice() -> None:
    """Show and set how the assistant of a workspace speaks."""


@voice.command("show")
@click.option("--workspace", default="default", show_default=True)
@output_option(default="json")
def show_voice(workspace: str, output: str) -> None:
    """Print the voice, as JSON unless said otherwise, with the defaults of what is not set."""
    with open_services() as services:
        found = services.voices.get(services.keys.known_workspace(workspace))
    if output == TABLE:
        print_table(("setting", "value"), sorted(found.to_api().items()))
    else:
        print_value(found.to_api(), output)


@voice.command("set")
@click.option("--file", type=click.File(), required=True, help="JSON, as `show` prints it; `-` reads standard input.")
@click.option("--workspace", default="default", show_default=True)
def set_voice(file: TextIO, workspace: str) -> None:
    """Replace the voice by that of a file; what the file leaves out has its default."""
    from worker.voice import schema

    try:
        given = json.load(file)
    except ValueError as error:  # also what is not UTF-8
        raise Failure(f"{file.name} is not JSON: {error}.") from None
    new = schema.load(given)
    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        services.voices.put(workspace_id, new)
        note(services, "voice.put", workspace, workspace_id=workspace_id)
    click.echo(f"The assistant of {workspace} speaks with this voice from the next answer on.")
