"""Connected helpdesks in the form of the API."""

from typing import Any

from worker.store.rows import Helpdesk
from worker.time import to_rfc3339


def helpdesk(row: Helpdesk) -> dict[str, Any]:
    """Return a connected helpdesk, without its token and its secret."""
    return {
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "url": row.url,
        "options": row.options,
        "mode": row.mode,
        "languages": row.languages,
        "hours": row.hours,
        "handoff": row.handoff,
        "answered": row.answered,
        "resume_tag": row.resume_tag,
        "state": row.state,
        "heard_at": to_rfc3339(row.heard_at),
        "refused_at": to_rfc3339(row.refused_at),
        "created_at": to_rfc3339(row.created_at),
        "updated_at": to_rfc3339(row.updated_at),
        "links": {"inbound": f"/v1/helpdesks/{row.id}/inbound"},
    }
