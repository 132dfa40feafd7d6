"""Shared by all commands: the group, exit statuses, the parts of this process, progress, and forms of output."""

import functools
import getpass
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from worker.errors import AnswerbackError, DatabaseUnavailable, KeyRefused, NotFound, SettingsInvalid
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.services.commands import Commands


TABLE = "table"
_OUTPUTS = (TABLE, "json", "yaml")


class _Group(click.Group):
    """Turns what was expected to go wrong into a sentence and an exit status."""

    group_class = type  # groups of commands do the same

    def invoke(self, context: click.Context) -> Any:
        from kb.errors import KnowledgeError

        try:
            return super().invoke(context)
        except SettingsInvalid as error:
            raise Failure("\n".join(error.problems)) from None
        except DatabaseUnavailable as error:
            raise Unavailable(str(error)) from None
        except KeyRefused as error:
            raise Refused(str(error)) from None
        except NotFound as error:
            raise Failure(f"{error}{self._where_listed(context, str(error))}") from None
        except (AnswerbackError, KnowledgeError) as error:
            raise Failure(str(error)) from None

    def _where_listed(self, context: click.Context, error: str) -> str:
        """Return the sentence that says which command lists what was not found."""
        if context.parent is None or " workspace " in error:
            return ""
        if self.invoke_without_command:
            return f" `answerback {self.name}` lists them."
        return f" `answerback {self.name} list` lists them." if "list" in self.commands else ""


class Failure(click.ClickException):
    """An error of a command, in a sentence; exit status 1, as click's 2 is for a command that is given wrongly."""

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        click.secho(self.message, err=True, fg="red", bold=False)


class Unavailable(Failure):
    """The server or the database cannot be reached; to try again may help."""

    exit_code = 3


class Refused(Failure):
    """The API key is unknown, or may not do this."""

    exit_code = 4


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def output_option(command: Callable[..., Any] | None = None, *, default: str = TABLE) -> Callable[..., Any]:
    """Give a command `--output`, and `--json` for short; it gets `output`, one of table, json and yaml."""
    if command is None:
        return functools.partial(output_option, default=default)

    @click.option("--output", type=click.Choice(_OUTPUTS), default=default, show_default=True, help="Form of output.")
    @click.option("--json", "as_json", is_flag=True, help="The same as --output json, for scripts.")
    @functools.wraps(command)
    def with_output(*arguments: Any, output: str, as_json: bool, **options: Any) -> Any:
        return command(*arguments, output="json" if as_json else output, **options)

    return with_output


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="answerback")
def main() -> None:
    """Answerback answers support messages, and hands off what it cannot answer."""


@contextmanager
def open_services() -> Iterator["Commands"]:
    """Yield the parts that commands use, quiet on the terminal."""
    from worker import checks
    from worker.services.commands import build_commands
    from worker.services.common import build_common
    from worker.telemetry import logs

    logs.configure("error")
    settings = Settings.from_env()
    checks.require([checks.database(settings)])
    common = build_common(settings)
    try:
        yield build_commands(common)
    finally:
        common.close()


def note(
    services: "Commands",
    action: str,
    subject: str,
    *,
    workspace_id: str,
    changes: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Record an action in the audit log, as of the user who is logged in on this machine."""
    try:
        actor = getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        actor = f"user {os.getuid()}"
    services.audit_log.record(workspace_id, action=action, subject=subject, via="cli", actor=actor, changes=changes)


@contextmanager
def progress_bar(visible: bool, label: str = "embedding", length: int | None = None) -> Iterator[Any]:
    """Yield `progress(done, total)`, which moves a bar on a terminal."""
    if not visible:
        yield lambda _done, _total: None
        return
    with click.progressbar(length=length or 1, label=label, file=sys.stderr) as bar:

        def move(done: int, total: int) -> None:
            bar.length = max(1, total)
            bar.update(done - bar.pos)

        yield move


def print_json(value: Iterable[Any] | dict[str, Any]) -> None:
    """Print a value for scripts."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_value(value: Any, output: str) -> None:
    """Print a value as JSON or YAML."""
    if output == "json":
        print_json(value)
        return
    import yaml

    plain = json.loads(json.dumps(value))  # without enumerations, which YAML would tag
    click.echo(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), nl=False)


#: The columns of a table by their heads: the name of an item's field, or a function of the item.
Columns = Mapping[str, str | Callable[[Any], Any]]


def print_list(items: Sequence[Any], output: str, columns: Columns, *, empty: str) -> None:
    """Print a list as JSON or YAML, or as a table with a row for each item.

    Args:
        columns: those of the table.
        empty: the sentence in place of an empty table: that there is nothing, and what would fill it.
    """
    if output != TABLE:
        print_value(list(items), output)
    elif not items:
        click.echo(empty)
    else:
        print_table(
            list(columns),
            [[item[value] if isinstance(value, str) else value(item) for value in columns.values()] for item in items],
        )


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print aligned columns under their heads; the last one may be as wide as it is."""
    texts = [["–" if value is None or value == "" else " ".join(str(value).split()) for value in row] for row in rows]
    widths = [max(len(cell) for cell in cells) for cells in zip(columns, *texts, strict=True)]
    for number, cells in enumerate([[name.upper() for name in columns], *texts]):
        padded = [cell.ljust(width) for cell, width in zip(cells, [*widths[:-1], 0], strict=True)]
        click.secho("  ".join(padded).rstrip(), dim=number == 0)


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun: `1 document`, `2 documents`, `2 replies`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"
