"""Shared by all commands: the group, the parts of this process, progress, JSON."""

import getpass
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from worker.errors import AnswerbackError, SettingsInvalid
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.services.commands import Commands


class _Group(click.Group):
    """Turns what was expected to go wrong into a sentence and exit status 1."""

    def invoke(self, context: click.Context) -> Any:
        from kb.errors import KnowledgeError

        try:
            return super().invoke(context)
        except SettingsInvalid as error:
            raise Failure("\n".join(error.problems)) from None
        except (AnswerbackError, KnowledgeError) as error:
            raise Failure(str(error)) from None


class Failure(click.ClickException):
    """An error of a command, in a sentence."""

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        click.secho(self.message, err=True, fg="red", bold=False)


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


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
