"""One request of the protocol's streamable HTTP transport, for a server that holds no sessions."""

from collections.abc import Mapping
from typing import Any

import anyio
import httpx
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

#: The caller has a key, which no page of another origin can send.
_SECURITY = TransportSecuritySettings(enable_dns_rebinding_protection=False)

#: Headers of a request that say how the connection goes, and nothing of the message.
_OF_CONNECTION = frozenset({"host", "connection", "content-length", "transfer-encoding"})


def respond(
    server: MCPServer[Any], *, headers: Mapping[str, str], body: bytes, max_bytes: int
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the response to a POST."""
    app = server.streamable_http_app(
        json_response=True, stateless_http=True, max_request_body_size=max_bytes, transport_security=_SECURITY
    )
    kept = {name: value for name, value in headers.items() if name.lower() not in _OF_CONNECTION}

    async def exchange() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with server.session_manager.run(), httpx.AsyncClient(transport=transport) as client:
            return await client.post("http://localhost/mcp", headers=kept, content=body)

    response = anyio.run(exchange)
    kept_headers = {
        name: value
        for name, value in response.headers.items()
        if name.lower() == "content-type" or name.lower().startswith("mcp-")
    }
    return response.status_code, kept_headers, response.content
