"""The status of the installation, for operators."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from web.http.api import Blueprint, services
from web.http.auth import admin
from web.http.operations import operation
from worker.runtime.status import status
from worker.telemetry.counters import NAMES

blueprint = Blueprint("status", __name__, description="Backlog, workers and counters")


class CacheStatistics(ma.Schema):
    """Statistics of one cache of a process since it started."""

    name = fields.String(required=True)
    hits = fields.Integer(required=True)
    misses = fields.Integer(required=True)
    hit_rate = fields.Float(required=True)
    entries = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    healthy = fields.Boolean(required=True)


class Worker(ma.Schema):
    """A running worker process."""

    id = fields.String(required=True)
    roles = fields.List(fields.String(), required=True, metadata={"description": "queues that it consumes"})
    state = fields.String(
        required=True, metadata={"description": "working, lexical_only, cut_off, stalled or stopping"}
    )
    leases = fields.Integer(required=True)
    caches = fields.List(fields.Nested(CacheStatistics), required=True)
    started_at = fields.String(required=True)
    seen_ms_ago = fields.Integer(required=True)


Counts = ma.Schema.from_dict(
    {name: fields.Integer(required=True, metadata={"description": meaning}) for name, meaning in NAMES.items()},
    name="Counts",
)


class Status(ma.Schema):
    """Backlog, workers and counters over all workspaces."""

    open_messages = fields.Integer(required=True)
    oldest_unanswered_s = fields.Float(required=True, allow_none=True)
    leases_held = fields.Integer(required=True)
    workers = fields.List(fields.Nested(Worker), required=True)
    counters = fields.Nested(Counts, required=True)


@blueprint.get("/status")
@operation("status.retrieve")
@blueprint.response(200, Status)
@admin
def show() -> dict[str, Any]:
    """Return the backlog, the running workers and the counters."""
    return status(services().store, services().counters)
