"""Signed posts over HTTP, only to addresses that may be called."""

import httpx

from worker.addresses import AddressRefused, Caller, Guard
from worker.deliveries import signing
from worker.deliveries.sender import AttemptResult, ClaimedDelivery
from worker.http_headers import retry_after_s

#: Seconds of a whole attempt: name resolution, connection, TLS and answer.
TOTAL_S = 20.0

_EXCERPT_BYTES = 1_024
_MAX_RETRY_AFTER_S = 86_400.0
_GONE = 410


class Webhooks:
    """Posts webhooks and keeps the connection of the last post. For one thread at a time."""

    def __init__(self, guard: Guard, *, total_s: float = TOTAL_S) -> None:
        self._guard = guard
        self._caller = Caller(guard, total_s=total_s)

    def send(self, claimed: ClaimedDelivery) -> AttemptResult:
        """Make one attempt."""
        sent = claimed.delivery
        body = sent.payload.encode()
        # By the database's clock: receivers refuse what is five minutes off, and this machine's clock may be.
        headers = {
            **claimed.headers,
            **signing.headers(claimed.signers, id=sent.id, timestamp=claimed.at, body=body),
            "accept-encoding": "identity",
            "content-type": "application/json",
            "user-agent": "Answerback-Webhooks/1",
        }
        try:
            self._guard.check_url(sent.url)
            with self._caller.stream("POST", sent.url, content=body, headers=headers) as response:
                peer = response.extensions["network_stream"].get_extra_info("server_addr")
                return AttemptResult(
                    status=response.status_code,
                    response=_excerpt(response).decode(errors="replace").replace("\x00", ""),
                    address=str(peer[0]) if peer else None,
                    retry_after_s=retry_after_s(
                        response.headers.get("retry-after"), now=claimed.at, max_s=_MAX_RETRY_AFTER_S
                    ),
                    final=response.headers.get("webhook-delivery", "").lower() == "abort-message",
                    gone=response.status_code == _GONE,
                )
        except AddressRefused as error:
            return AttemptResult(status=None, error=str(error))
        except (httpx.HTTPError, OSError, ValueError) as error:
            return AttemptResult(status=None, error=f"{type(error).__name__}: {error}"[:500])

    def close(self) -> None:
        """Close the connection."""
        self._caller.close()


def _excerpt(response: httpx.Response) -> bytes:
    """Return the beginning of the body; a body that breaks off does not undo the status.

    A short one is read to its end, so that the connection can be kept.
    """
    begins = bytearray()
    try:
        for piece in response.iter_raw():
            begins += piece
            if len(begins) > _EXCERPT_BYTES:
                break
    except httpx.HTTPError:
        pass
    return bytes(begins[:_EXCERPT_BYTES])
