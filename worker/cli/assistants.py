"""Answerback for other assistants."""

import click

from worker.cli.base import Failure, main
from worker.settings import Settings


@main.command()
@click.option("--url", help="Address of the server; by default that of the installation on this machine.")
@click.option("--key", envvar="ANSWERBACK_API_KEY", help="API key; by default that of the installation.")
def mcp(url: str | None, key: str | None) -> None:
    """Serve the Model Context Protocol on standard input and output.

    An assistant starts this command and speaks with it; the same is served at /mcp over HTTP.
    """
    try:
        from worker.mcp.api import Api, open_client
        from worker.mcp.server import build_server
    except ImportError:
        raise Failure("This needs the extra `mcp`: pip install 'answerback[mcp]'") from None

    from worker.launch.local_server import key_file

    settings = Settings.from_env()
    file = key_file(settings)
    if key is None and url is None and file.is_file():  # the key of this installation is for no other server
        key = file.read_text().strip()
    if not key:
        raise Failure("No API key is known: set ANSWERBACK_API_KEY, or give --key.")
    with open_client(url or settings.web_address, key) as client:
        build_server(Api(client)).run("stdio")
