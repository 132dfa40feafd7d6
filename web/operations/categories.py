"""The categories of the workspace: messages that a human answers, told by examples."""

from typing import Any

import flask

from web.http.api import Blueprint, services
from web.http.auth import admin, needs
from web.http.operations import operation
from web.schemas.categories import Categories, CategoryCheck, SavedCategory
from web.schemas.fields import NoQuery
from worker.access.permissions import Permission
from worker.categories.categories import of_row
from worker.categories.category import CATEGORIES, Category
from worker.categories.schema import CategorySchema, check_name
from worker.store.rows import CategoryRow
from worker.time import to_rfc3339

blueprint = Blueprint("categories", __name__, description="Messages that a human answers, told by examples")


@blueprint.get("/workspace/categories")
@operation("categories.list", "invalid")
@needs(Permission.READ)
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, Categories)
def index(_query: dict[str, Any]) -> dict[str, Any]:
    """Return the categories of the workspace, and those that ship."""
    rows = services().categories.all(flask.g.principal.workspace_id)
    return {"items": [_saved(row) for row in rows], "built_in": CATEGORIES}


@blueprint.get("/workspace/categories/<string:name>")
@operation("categories.retrieve")
@needs(Permission.READ)
@blueprint.response(200, SavedCategory)
def show(name: str) -> dict[str, Any]:
    """Return a category."""
    return _saved(services().categories.get(flask.g.principal.workspace_id, name))


@blueprint.put("/workspace/categories/<string:name>")
@operation("categories.put")
@admin
@blueprint.arguments(CategorySchema)
@blueprint.response(200, SavedCategory)
def put(new: dict[str, Any], name: str) -> dict[str, Any]:
    """Add a category, or replace it. The name of one that ships adds examples to that one."""
    check_name(name)
    workspace_id = flask.g.principal.workspace_id
    services().categories.put(workspace_id, Category.from_api(name, new))
    return _saved(services().categories.get(workspace_id, name))


@blueprint.delete("/workspace/categories/<string:name>")
@operation("categories.delete")
@admin
@blueprint.response(204)
def delete(name: str) -> None:
    """Delete a category."""
    services().categories.delete(flask.g.principal.workspace_id, name)


@blueprint.get("/workspace/categories/<string:name>/check")
@operation("categories.check", "no_worker", "knowledge_error")
@needs(Permission.READ)
@blueprint.response(200, CategoryCheck)
def check(name: str) -> dict[str, Any]:
    """Return how many of its examples would be recognised if each were left out of the others."""
    workspace_id = flask.g.principal.workspace_id
    services().categories.get(workspace_id, name)
    return services().search_client.category_checks(workspace_id)[name]


def _saved(row: CategoryRow) -> dict[str, Any]:
    return {**of_row(row).to_api(), "updated_at": to_rfc3339(row.updated_at)}
