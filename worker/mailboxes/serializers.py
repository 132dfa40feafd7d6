"""Mailboxes in the form of the API."""

from collections.abc import Mapping
from typing import Any

from worker.states import MailState
from worker.store.rows import Helpdesk, Mailbox
from worker.store.sealing import with_password
from worker.time import to_rfc3339


def mailbox(desk: Helpdesk, row: Mailbox, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return a mailbox, without passwords; `counts` has the number of its mail by state."""
    return {
        "id": row.id,
        "name": desk.name,
        "address": row.address,
        "sender_name": row.sender_name,
        "imap_url": without_password(row.imap_url),
        "smtp_url": without_password(row.smtp_url),
        "oauth": None if row.oauth is None else _consent(row.oauth),
        "authserv_id": row.authserv_id,
        "ses_topic": row.ses_topic,
        "sendgrid_key": row.sendgrid_key,
        "team": list(row.team),
        "notify": list(row.notify),
        "folders": dict(row.folders),
        "plus_addressing": bool(row.plus_addressing),
        "saves_sent": bool(row.saves_sent),
        "mode": desk.mode,
        "languages": desk.languages,
        "hours": desk.hours,
        "state": desk.state,
        "mail": {state.value: counts.get(state, 0) for state in MailState},
        "checked_at": to_rfc3339(row.checked_at),
        "error": row.error,
        "created_at": to_rfc3339(desk.created_at),
        "updated_at": to_rfc3339(desk.updated_at),
        "links": {"inbound": f"/v1/mailboxes/{row.id}/inbound"},
    }


def _consent(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "provider": kept["provider"],
        "client_id": kept["client_id"],
        "state": kept["state"],
        "error": kept["error"],
        "renewed_at": to_rfc3339(kept["renewed_at"]),
        "expires_at": to_rfc3339(kept["refresh_expires_at"]),
    }


def without_password(url: str | None) -> str | None:
    """Return a URL with its user but without the password."""
    return None if url is None else with_password(url, "")
