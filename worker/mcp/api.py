"""The HTTP API as the tools call it: with the key of their caller, so that its scopes and limits hold."""

from collections.abc import Mapping
from typing import Any

import httpx
from mcp.server.mcpserver.exceptions import ToolError

#: Seconds that a request may take; an answer is waited for by the server itself.
TIMEOUT_S = 75.0


class Api:
    """Calls the HTTP API of one server with one key."""

    def __init__(self, client: httpx.Client) -> None:
        """`client` has the server's address and the key."""
        self._client = client

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """Return the response; arguments that are None are left out.

        Raises:
            ToolError: the server refuses, or cannot be reached; the message says why, for the assistant.
        """
        sent = None if body is None else _given(body)
        try:
            response = self._client.request(method, path, json=sent, params=_given(query))
        except httpx.HTTPError as error:
            raise ToolError(f"Answerback cannot be reached: {error}") from error
        if response.is_success:
            found: dict[str, Any] = response.json()
            return found
        raise ToolError(_problem(response))


def open_client(url: str, key: str) -> httpx.Client:
    """Return a client for a server at `url`."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=TIMEOUT_S)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _problem(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"Answerback responded with {response.status_code}."
    fields = "".join(f" {field['field']}: {field['message']}" for field in problem.get("errors", ()))
    return f"{problem.get('detail', response.status_code)}{fields}"
