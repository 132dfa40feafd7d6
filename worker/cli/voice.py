"""The voice of a workspace."""

import json
from typing import TextIO

import click

from worker.cli.base import Failure, main, note, open_services, print_json


@main.group()
def voice() -> None:
    """Show and set how the assistant of a workspace speaks."""


@voice.command("show")
@click.option("--workspace", default="default", show_default=True)
def show_voice(workspace: str) -> None:
    """Print the voice as JSON, with the defaults of what is not set."""
    with open_services() as services:
        found = services.voices.get(services.keys.known_workspace(workspace))
    print_json(found.to_api())


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
