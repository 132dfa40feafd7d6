"""The orders of the small shop as an MCP server, an example for `mcp_servers` in the file of tools.

    python examples/shop_mcp.py

It speaks on standard input and output. Orders of other customers are not found.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

sys.path.insert(0, str(Path(__file__).parent))

from shop import ORDERS

OrderId = Annotated[str, Field(pattern="^[0-9]{4,10}$", description="the number of the order")]


def build() -> MCPServer[Any]:
    """Return the server; its orders are its own."""
    server: MCPServer[Any] = MCPServer("shop", log_level="WARNING")
    orders = {id: dict(order) for id, order in ORDERS.items()}

    def order_of(order_id: str, email: str) -> dict[str, Any]:
        order = orders.get(order_id)
        if order is None or order["email"] != email:
            raise ToolError("There is no such order.")
        return order

    @server.tool(title="Order look-up", annotations=ToolAnnotations(read_only_hint=True))
    def look_up_order(order_id: OrderId, email: str) -> dict[str, Any]:
        """Look up one of the customer's orders by its number: status, day of dispatch, carrier and total."""
        return order_of(order_id, email)

    @server.tool(title="Order cancellation", annotations=ToolAnnotations(destructive_hint=True, idempotent_hint=True))
    def cancel_order(order_id: OrderId, email: str) -> str:
        """Cancel one of the customer's orders that has not been shipped."""
        order = order_of(order_id, email)
        if order["status"] == "shipped":
            raise ToolError("It has been shipped.")
        order["status"] = "cancelled"
        return "It is cancelled."

    return server


if __name__ == "__main__":
    build().run()
