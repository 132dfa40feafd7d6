"""Customers: memories of them, and their erasure."""

from typing import Any

import flask

from web.http.api import Blueprint, scope, services
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import desk as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission
from worker.conversations import erasure
from worker.customers import memories
from worker.customers.identity import customer_of
from worker.customers.memories import NewMemory

blueprint = Blueprint("customers", __name__, description="Memories of customers, and erasure")


@blueprint.get("/memories")
@operation("memories.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.MemoryQuery, location="query")
@blueprint.response(200, page_of(schemas.Memory))
def list_memories(query: dict[str, Any]) -> dict[str, Any]:
    """List the memories of one customer, or of all, newest first."""
    found, cursor = memories.page(
        scope(), query, customer=customer_of(query), after=query.get("cursor"), limit=query["limit"]
    )
    return {"items": found, "next_cursor": cursor}


@blueprint.post("/memories")
@operation("memories.create")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.NewMemory)
@blueprint.response(201, schemas.Memory)
def remember(new: dict[str, Any]) -> dict[str, Any]:
    """Store a memory of a customer; it replaces the one of the same name."""
    customer = customer_of(new["customer"])
    assert customer is not None  # the schema requires an id or an e-mail address
    fact = NewMemory(name=new["name"], value=new["value"], source="api", importance=new["importance"], days=new["days"])
    return services().memories.put(flask.g.principal.workspace_id, customer, fact)


@blueprint.delete("/memories/<string:memory_id>")
@operation("memories.delete")
@needs(Permission.CONVERSE)
@blueprint.response(204)
def forget(memory_id: str) -> None:
    """Delete a memory."""
    services().memories.forget(flask.g.principal.workspace_id, memory_id)


@blueprint.post("/customers/erase")
@operation("customers.erase")
@needs(Permission.ERASE)
@blueprint.arguments(schemas.Customer)
@blueprint.response(200, schemas.Erased)
def erase(customer: dict[str, Any]) -> dict[str, int]:
    """Erase a customer: their conversations, attachments, deliveries, session state and memories."""
    return erasure.erase_customer(scope(), services().sessions, services().deltas, customer)
