"""Write the pages and data that are generated from the code, or `--check` that they are current.

The types and methods of the clients follow from docs/openapi.json, and are written with it.
"""

import argparse
import importlib
import inspect
import json
import pkgutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any

import click

import clients.generate
import kb
import web
import worker
from docs.compatibility import undeclared
from docs.generated import MADE
from docs.helpdesk_pages import KINDS, helpdesk_page
from kb import documents
from worker.settings import SUBJECTS, Settings
from worker.settings.overridable import OVERRIDABLE
from worker.settings.settings import REMOVED
from worker.telemetry import logs

_ROOT = Path(__file__).parent.parent
_PAGE = _ROOT / "docs" / "settings.md"
_OPENAPI = _ROOT / "docs" / "openapi.json"

#: Changes that break clients on purpose, with the reason of each.
_DECLARED = _ROOT / "docs" / "breaking-changes.json"

#: The sample articles in the form that `answerback eval` reads.
_CORPUS = _ROOT / "tests" / "data" / "desk" / "corpus.jsonl"

_HEAD = """# Settings

Every setting is an environment variable. Each process reads them when it starts, and reports all problems together.
An empty variable counts as unset. `make docs` generates this page from `worker/settings/`.

The column *set by* says who decides. What says *workspace* is the default of all workspaces, and each of them may
override it in the console, with `answerback settings` or over `/v1/settings`, from the next message on: see
[settings of a workspace](howto/settings.md). The rest belongs to the installation: addresses, queues, folders and
models that processes load when they start, and limits that all workspaces share.
"""


def settings_page() -> str:
    """Return the page on settings."""
    lines = [_HEAD]
    for subject in SUBJECTS:
        lines += [f"## {subject.title}\n", "| variable | meaning | default | set by |", "|---|---|---|---|"]
        for setting in fields(subject):
            secret = "" if setting.repr else " (secret)"
            meaning, default = setting.metadata["help"] + secret, _default(setting.default)
            owner = f"workspace, `{setting.name}`" if setting.name in OVERRIDABLE else "installation"
            lines.append(f"| `{setting.metadata['env']}` | {meaning} | {default} | {owner} |")
        lines.append("")
    lines += ["## Removed\n", "No process starts with one of these.\n", "| variable | instead |", "|---|---|"]
    lines += [f"| `{name}` | {instead} |" for name, instead in REMOVED.items()]
    return "\n".join([*lines, ""])


def _default(value: object) -> str:
    """Return the default of a setting as the page shows it."""
    if value is None or value is MISSING or value == ():
        return "–"
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def sample_corpus() -> str:
    """Return the sample articles, a line each."""
    lines = []
    for path in sorted((_ROOT / "kb" / "sample").glob("*.md")):
        article = documents.parse(path.read_bytes(), media_type="text/markdown", title=path.stem)
        text = article.text.removeprefix(article.title).strip()
        lines.append(json.dumps({"_id": path.stem, "title": article.title, "text": text}, ensure_ascii=False))
    return "\n".join(lines) + "\n"


_ABOUT_COMMANDS = """\
Every command has `--help`. Those that list or show take `--output table|json|yaml`, and `--json` for `--output json`.

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | it failed, or a check found a problem: the message says what to do |
| 2 | the command was given wrongly; nothing was done |
| 3 | the server or the database cannot be reached; trying again may help |
| 4 | the API key is unknown, or may not do this |
"""


def cli_page() -> str:
    """Return the page on commands."""
    from worker.cli import main as group

    parts = [MADE.format(title="Commands", what="the commands themselves", where="worker/cli")]
    parts.append(_ABOUT_COMMANDS)
    parts += _commands(group, "answerback")
    return "\n".join(parts)


def _commands(command: click.Command, path: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        if command.invoke_without_command:
            yield _command(command, path)
        for name in sorted(command.commands):
            yield from _commands(command.commands[name], f"{path} {name}")
    else:
        yield _command(command, path)


def _command(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=path)
    given = [one for one in command.params if isinstance(one, click.Option)]
    lines = [f"## {path}\n", f"{inspect.cleandoc(command.help or '').split(chr(12))[0].strip()}\n"]
    lines += ["```text", " ".join([path, *command.collect_usage_pieces(context)]), "```\n"]
    if given:
        lines += ["| option | meaning |", "|---|---|"]
        for one in given:
            record = one.get_help_record(context)
            if record is not None:
                lines.append(f"| `{record[0].replace('|', chr(92) + '|')}` | {record[1].replace('|', chr(92) + '|')} |")
        lines.append("")
    return "\n".join(lines)


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI description, as a server on this machine serves it."""
    from web import create_app

    with tempfile.TemporaryDirectory() as home:
        app = create_app(Settings(home=Path(home), redis_url="redis://127.0.0.1:1/0", rate_limit=None))
        spec: dict[str, Any] = app.test_client().get("/openapi.json", base_url="http://127.0.0.1:8000").get_json()
        app.extensions["answerback"].close(timeout_s=0.1)
    return spec


def openapi_json() -> str:
    """Return the OpenAPI description as a file, from which clients are generated."""
    return json.dumps(description(), indent=1, ensure_ascii=False) + "\n"


def http_page() -> str:
    """Return the page on the calls of the API."""
    spec = description()
    parts = [MADE.format(title="Every call", what="the specification of the API", where="/openapi.json")]
    parts.append(
        "`/openapi.json` and the page `/docs` have the schemas of the bodies, examples, scopes and errors; "
        "[openapi.json](../openapi.json) is the same as a file.\n"
    )
    groups: dict[str, list[str]] = {}
    for path, calls in sorted(spec["paths"].items()):
        for method in ("get", "post", "put", "patch", "delete"):
            if (call := calls.get(method)) is not None:
                codes = sorted(call["responses"])
                line = (
                    f"| `{method.upper()} {path}` | `{call['operationId']}` | {call['summary']} | {', '.join(codes)} |"
                )
                groups.setdefault(call["tags"][0], []).append(line)
    for tag in spec["tags"]:
        if tag["name"] in groups:
            parts += [f"## {tag['description']}\n", "| call | name | effect | responses |", "|---|---|---|---|"]
            parts += [*groups[tag["name"]], ""]
    return "\n".join(parts)


def events_page() -> str:
    """Return the page on events."""
    from worker.conversations.outcomes import HANDOFF_REASONS
    from worker.deliveries.outbox import TYPES

    parts = [MADE.format(title="Events", what="the event types", where="worker/deliveries/outbox.py")]
    parts += ["## Callbacks\n", "| type | meaning |", "|---|---|"]
    parts += [f"| `{name}` | {about} |" for name, about in TYPES.items()]
    parts += ["", "[Callbacks](../callbacks.md) describes signatures, order and retries.", ""]
    parts += ["## Streams\n", "Server-Sent Events and WebSockets send these events for each message, in order:\n"]
    parts += ["| type | data |", "|---|---|"]
    parts += [f"| `{name}` | {about} |" for name, about in _STREAMED.items()]
    parts += ["", "## Handoff reasons\n", ", ".join(f"`{one}`" for one in HANDOFF_REASONS) + ".", ""]
    return "\n".join(parts)


def metrics_page() -> str:
    """Return the page on metrics."""
    from web.operations.metrics import GAUGES, PREFIX
    from worker.telemetry.counters import COUNTED, NAMES, TIMED

    parts = [
        MADE.format(
            title="Metrics",
            what="the metric definitions",
            where="worker/telemetry/counters.py and web/operations/metrics.py",
        )
    ]
    parts.append("`/metrics` of any web process covers all processes ([operations](../operations.md#metrics)).\n")
    rows = [(f"{name}_total", "counter", metric.help, metric.labels) for name, metric in COUNTED.items()]
    rows += [(f"{name}_total", "counter", help, ()) for name, help in NAMES.items()]
    rows += [(name, "histogram", metric.help, metric.labels) for name, metric in TIMED.items()]
    rows += [(name, "gauge", help, labels) for name, (help, labels) in GAUGES.items()]
    parts += ["| metric | kind | meaning | labels |", "|---|---|---|---|"]
    for name, kind, help, labels in rows:
        parts.append(f"| `{PREFIX}{name}` | {kind} | {help} | {', '.join(f'`{one}`' for one in labels)} |")
    return "\n".join(parts) + "\n"


_STREAMED = {
    "queued": "the message was accepted",
    "running": "a worker claimed the message",
    "delta": "the next sentences of the answer: `offset`, `text`, `citations`",
    "answered": "the whole message, with its reply",
    "handed_off": "the whole message, with the handoff and its reason",
    "cancelled": "the whole message",
    "failed": "the whole message, with the error; never sent by this version",
    "replied": "the reply of an agent",
    "conversation.handed_off": "a human owns the conversation",
    "conversation.resumed": "the bot owns the conversation again",
    "conversation.closed": "the conversation was closed",
    "accepted": "WebSocket only: the message of the client was accepted; with its `ref`",
    "error": "WebSocket only: the message of the client was rejected; with `ref`, `code` and `detail`",
}


def errors_page() -> str:
    """Return the page on errors: the codes of the API, and both trees, each class with its code and default message."""
    from kb.errors import KnowledgeError
    from web.http.codes import sections
    from web.http.problems import STATUS
    from worker.errors import AnswerbackError

    for package in (kb, web, worker):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)

    def rows(kind: type[AnswerbackError] | type[KnowledgeError], depth: int) -> list[str]:
        status = next((STATUS[base] for base in (*kind.__mro__, KnowledgeError) if base in STATUS), "")
        message = inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        name = f"{'&emsp;' * depth}`{kind.__name__}`"
        found = [f"| {name} | `{kind.code}` | {status} | {message} | `{kind.__module__}` |"]
        children: list[type[AnswerbackError] | type[KnowledgeError]] = [*kind.__subclasses__()]
        for child in sorted(children, key=lambda child: child.__name__):
            found += rows(child, depth + 1)
        return found

    parts = [
        MADE.format(title="Errors", what="the error classes", where="worker/errors.py, kb/errors.py and their users")
    ]
    parts += ["## Codes of the API\n"]
    parts.append("A server shows this section at `/docs/errors`, where `doc_url` of an error leads.\n")
    parts += [sections(), "## Classes\n"]
    parts.append("The API answers with the `code` and the status; a class without a status of its own has 503.\n")
    parts += ["| class | code | status | default message | module |", "|---|---|---|---|---|"]
    parts += [*rows(AnswerbackError, 0), *rows(KnowledgeError, 0), ""]
    return "\n".join(parts)


def tables_page() -> str:
    """Return the page on the database's tables."""
    from sqlalchemy.dialects import postgresql

    from worker.store.tables import metadata

    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    parts = [MADE.format(title="Tables", what="the table definitions", where="worker/store/tables/")]
    parts.append("Times are whole milliseconds since 1970, by the database's clock. Types are those of PostgreSQL.\n")
    for table in metadata.tables.values():
        parts += [f"## {table.name}\n", f"A row is {table.info['purpose']}.\n", "| column | type | |", "|---|---|---|"]
        for column in table.columns:
            notes = [
                "primary key" if column.primary_key else "",
                "" if column.nullable or column.primary_key else "not null",
                *(f"→ `{key.target_fullname}`" for key in column.foreign_keys),
            ]
            kind = column.type.compile(dialect=dialect).lower()
            parts.append(f"| `{column.name}` | {kind} | {', '.join(filter(None, notes))} |")
        parts.append("")
    return "\n".join(parts)


def pages() -> dict[Path, str]:
    """Return the text of every generated page, by its path."""
    docs = _ROOT / "docs"
    return {
        _PAGE: settings_page(),
        _CORPUS: sample_corpus(),
        _OPENAPI: openapi_json(),
        docs / "reference" / "cli.md": cli_page(),
        docs / "reference" / "http.md": http_page(),
        docs / "reference" / "events.md": events_page(),
        docs / "reference" / "metrics.md": metrics_page(),
        docs / "reference" / "errors.md": errors_page(),
        docs / "reference" / "tables.md": tables_page(),
        **{docs / "howto" / f"{kind}.md": helpdesk_page(kind) for kind in KINDS},
    }


def main() -> None:
    """Write the pages, or say which of them are not current. Refuse to write a breaking change that is not declared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is not current")
    check = parser.parse_args().check
    logs.configure("critical")
    if _OPENAPI.exists():
        before = json.loads(_OPENAPI.read_text())
        if changes := undeclared(before, description(), json.loads(_DECLARED.read_text())):
            sys.exit(f"{_DECLARED.name} does not declare what breaks clients:\n" + "\n".join(changes))
    for path, text in pages().items():
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.exit(f"{path.name} is not current: run `make docs`.")
    clients.generate.write(check=check)


if __name__ == "__main__":
    main()
