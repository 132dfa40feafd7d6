"""Sources and their looks as the API shows them."""

from typing import Any

from worker.store import rows
from worker.time import to_rfc3339


def source_to_api(source: rows.Source, *, documents: int, run: rows.SourceRun | None) -> dict[str, Any]:
    """Return a source with its last look, and without its token."""
    return {
        "id": source.id,
        "name": source.name,
        "kind": source.kind,
        "location": source.location,
        "include": source.options.get("include") or [],
        "exclude": source.options.get("exclude") or [],
        "branch": source.options.get("branch"),
        "email": source.options.get("email"),
        "access_key": source.options.get("access_key"),
        "has_token": source.token is not None,
        "language": source.metadata.get("language"),
        "tags": source.metadata.get("tags") or [],
        "audience": source.metadata.get("audience") or "public",
        "interval_s": source.interval_s,
        "state": source.state,
        "error": source.error,
        "failures": source.failures,
        "documents": documents,
        "last_run": None if run is None else run_to_api(run),
        "looked_at": to_rfc3339(source.looked_at),
        "next_look_at": None if source.state == "paused" else to_rfc3339(source.due_at),
        "created_at": to_rfc3339(source.created_at),
        "updated_at": to_rfc3339(source.updated_at),
        "links": {"self": f"/v1/sources/{source.id}", "runs": f"/v1/sources/{source.id}/runs"},
    }


def run_to_api(run: rows.SourceRun) -> dict[str, Any]:
    """Return a look with its counts; `seen` of `total` items are done."""
    return {
        "id": run.id,
        "source_id": run.source_id,
        "state": run.state,
        "error": run.error,
        "total": run.total,
        "seen": run.added + run.changed + run.unchanged + run.failures,
        "added": run.added,
        "changed": run.changed,
        "unchanged": run.unchanged,
        "gone": run.gone,
        "failures": run.failures,
        "failed": [{"name": name, "reason": reason} for name, reason in (run.failed or {}).items()],
        "started_at": to_rfc3339(run.started_at),
        "finished_at": to_rfc3339(run.finished_at),
    }
