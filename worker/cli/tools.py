"""The tools that the language model may call."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from worker.cli.base import Columns, main, output_option, print_list
from worker.settings import Settings
from worker.telemetry import logs

if TYPE_CHECKING:
    from worker.answering.tools.registry import Tool


@main.group()
def tools() -> None:
    """Show the tools that the desk declares in the file of ANSWERBACK_TOOLS."""


@tools.command("list")
@output_option
def list_tools(output: str) -> None:
    """List the tools that the model is offered, and those of MCP servers that are left out, with the reason.

    MCP servers are asked for their tools; nothing is called.
    """
    from worker.answering.desk_tools import load_desk_tools
    from worker.answering.tools.mcp_connection import ServerUnavailable

    logs.configure("critical")
    declared = load_desk_tools(Settings.from_env())
    found = [_offered(tool) for tool in declared.tools]
    try:
        for server in declared.servers:
            try:
                discovered = server.discover()
            except ServerUnavailable as error:
                found.append(_left_out(server.name, f"The server is unavailable: {error}"))
                continue
            found += [_offered(tool) for tool in discovered.tools]
            found += [_left_out(f"{server.name}: {name}", reason) for name, reason in discovered.left_out.items()]
    finally:
        declared.close()
    columns: Columns = {
        "name": "name",
        "title": "title",
        "changes something": lambda tool: {True: "yes", False: "no", None: None}[tool["changes"]],
        "asks the customer": "confirmation",
        "left out": "left_out",
    }
    print_list(found, output, columns, empty="The desk declares no tools; ANSWERBACK_TOOLS names the file that does.")


@tools.command("operations")
@click.argument("document", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@output_option
def list_operations(document: Path, output: str) -> None:
    """List the operations of an OpenAPI document, and why some cannot become tools."""
    from worker.answering.tools import openapi, openapi_documents

    read = openapi_documents.read_document(document)
    chosen = {"url": "https://example.com", "headers": {"Authorization": ""}}
    found = []
    for operation in openapi_documents.operations(read):
        reason = None
        try:
            openapi.declaration(read, operation, chosen, {})
        except openapi_documents.Unsupported as error:
            reason = str(error)
        found.append({"operation": operation.id, "method": operation.method, "path": operation.path, "refused": reason})
    columns: Columns = {"operation": "operation", "method": "method", "path": "path", "why not": "refused"}
    print_list(found, output, columns, empty=f"{document} has no operations.")


def _offered(tool: "Tool") -> dict[str, object]:
    return {
        "name": tool.name,
        "title": tool.title,
        "changes": tool.changes,
        "confirmation": tool.confirmation,
        "left_out": None,
    }


def _left_out(name: str, reason: str) -> dict[str, object]:
    return {"name": name, "title": None, "changes": None, "confirmation": None, "left_out": reason}
