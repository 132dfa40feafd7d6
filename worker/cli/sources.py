"""Sources that are looked at again."""

from typing import Any

import click

from kb.filters import AUDIENCES
from worker.cli.base import TABLE, Columns, Failure, main, note, open_services, output_option, print_list, print_value
from worker.states import SourceKind, SourceState


@main.group(invoke_without_command=True)
@click.option("--workspace", default="default", show_default=True)
@output_option
@click.pass_context
def sources(context: click.Context, workspace: str, output: str) -> None:
    """List sources; add, look at, pause and delete them. SOURCE is a name or an id."""
    context.obj = workspace
    if context.invoked_subcommand is not None:
        return
    with open_services() as services:
        found, _cursor = services.sources.page(services.keys.known_workspace(workspace), limit=1_000)
    names = ("name", "kind", "state", "documents", "looked_at", "location", "error")
    empty = "There are no sources: `answerback sources add KIND LOCATION` adds one."
    print_list(found, output, {name.replace("_", " "): name for name in names}, empty=empty)


@sources.command()
@click.argument("kind", type=click.Choice([kind.value for kind in SourceKind]))
@click.argument("location")
@click.option("--name", help="`source` of its documents; the host or folder if omitted.")
@click.option("--every", "interval_s", type=click.IntRange(300), help="Seconds between two looks; a day if omitted.")
@click.option("--include", multiple=True, help="Only URLs or paths that match, such as `*/help/*`; may be repeated.")
@click.option("--exclude", multiple=True, help="No URLs or paths that match; may be repeated.")
@click.option("--branch", help="Branch of a git repository; its default branch if omitted.")
@click.option("--email", help="E-mail address of the user of Zendesk or Confluence Cloud that the token belongs to.")
@click.option("--access-key", help="Access key of an S3 bucket; its secret key is the token.")
@click.option("--token", envvar="ANSWERBACK_SOURCE_TOKEN", help="Token of a repository, help centre, wiki or bucket.")
@click.option("--language", help="Language of its documents; detected if omitted.")
@click.option("--tag", "tags", multiple=True, help="A tag for each document; may be repeated.")
@click.option("--audience", type=click.Choice(AUDIENCES), help="`internal` is never cited to customers.")
@click.pass_obj
def add(workspace: str, /, kind: str, location: str, **given: Any) -> None:
    """Add the source at LOCATION, a URL or a folder; workers look at it at once, and again at its interval."""
    new = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value}
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        made = services.sources.make(owner, {**new, "kind": kind, "location": location})
        note(services, "sources.make", made["id"], workspace_id=owner)
    click.echo(f"{made['name']} is a source: {made['id']}.")


@sources.command()
@click.argument("source")
@click.option("--accept-loss", is_flag=True, help="Remove the documents that are gone, however many they are.")
@output_option
@click.pass_obj
def look(workspace: str, source: str, accept_loss: bool, output: str) -> None:
    """Look at SOURCE now, in this process, and publish what changed."""
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        id = services.sources.id_of(owner, source)
        services.sources.look(owner, id, accepts_loss=accept_loss)
        while services.source_runner.look(owner, id):
            pass
        found = services.sources.show(owner, id)
        services.indexer.index(owner)
        note(services, "sources.look", id, workspace_id=owner)
    run = found["last_run"]
    if output != TABLE:
        print_value(run, output)
    elif found["state"] == SourceState.IDLE:
        click.echo(_counts(run))
    else:
        click.echo("The look goes on in a worker: the source asked to wait, or is looked at by another process.")
    if found["state"] == SourceState.IDLE and run["error"]:
        raise Failure(run["error"])


@sources.command()
@click.argument("source")
@output_option
@click.pass_obj
def runs(workspace: str, source: str, output: str) -> None:
    """List the looks at SOURCE, newest first."""
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        found, _cursor = services.sources.runs(owner, services.sources.id_of(owner, source), limit=1_000)
    empty = f"{source} was not looked at yet: `answerback sources look {source}` looks now, a worker when it is due."
    columns: Columns = {"started": "started_at", "state": "state", "result": _counts, "error": "error"}
    print_list(found, output, columns, empty=empty)


@sources.command()
@click.argument("source")
@click.pass_obj
def pause(workspace: str, source: str) -> None:
    """Stop looking at SOURCE; its documents stay."""
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        paused = services.sources.pause(owner, services.sources.id_of(owner, source))
        note(services, "sources.pause", paused["id"], workspace_id=owner)
    click.echo(f"{paused['name']} is paused.")


@sources.command()
@click.argument("source")
@click.pass_obj
def resume(workspace: str, source: str) -> None:
    """Look at the paused SOURCE again, from now on."""
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        resumed = services.sources.resume(owner, services.sources.id_of(owner, source))
        note(services, "sources.resume", resumed["id"], workspace_id=owner)
    click.echo(f"{resumed['name']} is due now.")


@sources.command()
@click.argument("source")
@click.option("--with-documents", is_flag=True, help="Delete its documents as well.")
@click.pass_obj
def remove(workspace: str, source: str, with_documents: bool) -> None:
    """Delete SOURCE; its documents stay unless said otherwise."""
    with open_services() as services:
        owner = services.keys.known_workspace(workspace)
        id = services.sources.id_of(owner, source)
        services.sources.remove(owner, id, with_documents=with_documents)
        note(services, "sources.remove", id, workspace_id=owner)
    click.echo(f"{source} is no source any more; its documents {'are deleted' if with_documents else 'stay'}.")


def _counts(run: dict[str, Any]) -> str:
    return (
        f"{run['added']} added, {run['changed']} changed, {run['unchanged']} unchanged, {run['gone']} gone, "
        f"{run['failures']} failed."
    )
