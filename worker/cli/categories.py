"""The categories of a workspace."""

import json
from typing import TextIO

import click

from worker.cli.base import Columns, Failure, main, note, open_services, output_option, print_list


@main.group()
def category() -> None:
    """Show and change the categories of messages that a workspace hands off."""


@category.command("list")
@click.option("--workspace", default="default", show_default=True)
@output_option(default="json")
def list_categories(workspace: str, output: str) -> None:
    """Print the categories, as JSON unless said otherwise: `set` reads one of them."""
    from worker.categories.categories import of_row

    with open_services() as services:
        rows = services.categories.all(services.keys.known_workspace(workspace))
    empty = "There are no categories: `answerback category set NAME --file FILE` adds one."
    columns: Columns = {
        "name": "name",
        "priority": "priority",
        "examples": lambda category: len(category["examples"]),
        "counter-examples": lambda category: len(category["counter_examples"]),
    }
    print_list([of_row(row).to_api() for row in rows], output, columns, empty=empty)


@category.command("set")
@click.argument("name")
@click.option("--file", type=click.File(), required=True, help="JSON, as `list` prints one; `-` reads standard input.")
@click.option("--workspace", default="default", show_default=True)
def set_category(name: str, file: TextIO, workspace: str) -> None:
    """Add the category NAME or replace it."""
    from worker.categories import schema

    try:
        given = json.load(file)
    except ValueError as error:  # also what is not UTF-8
        raise Failure(f"{file.name} is not JSON: {error}.") from None
    new = schema.load(name, given)
    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        services.categories.put(workspace_id, new)
        note(services, "category.put", name, workspace_id=workspace_id)
    click.echo(f"Messages are compared with {len(new.examples)} examples of {name} from the next one on.")


@category.command("check")
@click.argument("name")
@click.option("--workspace", default="default", show_default=True)
def check_category(name: str, workspace: str) -> None:
    """Say how many examples of the category NAME would be recognised if each were left out of the others."""
    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        services.categories.get(workspace_id, name)
        check = services.recognisers.checks(workspace_id)[name]
    click.echo(f"{check.examples - len(check.missed)} of {check.examples} examples would be recognised by the others.")
    for text in check.missed:
        click.echo(f"  not recognised: {text}")
    for text in check.false_alarms:
        click.echo(f"  a counter-example that is: {text}")


@category.command("delete")
@click.argument("name")
@click.option("--workspace", default="default", show_default=True)
def delete_category(name: str, workspace: str) -> None:
    """Delete the category NAME."""
    with open_services() as services:
        workspace_id = services.keys.known_workspace(workspace)
        services.categories.delete(workspace_id, name)
        note(services, "category.delete", name, workspace_id=workspace_id)
    click.echo(f"{name} is deleted.")
