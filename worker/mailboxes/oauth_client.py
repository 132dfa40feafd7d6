"""Ask the token endpoint of a provider, by the rules for addresses."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from worker.addresses import AddressRefused, Caller, Guard
from worker.errors import AnswerbackError
from worker.reading.characters import clean

_TOTAL_S = 10.0
_MAX_BYTES = 100_000


class ProviderUnavailable(AnswerbackError):
    """The provider gave no answer, or none that can be read; to be tried again."""

    code = "oauth_provider_unavailable"


class ProviderRefused(AnswerbackError):
    """The provider refused with an error of OAuth 2 (RFC 6749, 5.2; RFC 8628, 3.5), whose code is `error`."""

    code = "oauth_provider_refused"

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error


def ask(guard: Guard, url: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Post a form to an endpoint and return its JSON.

    Raises:
        ProviderRefused: it answered with an error.
        ProviderUnavailable: it gave no answer, no JSON, or may not be called.
    """
    try:
        guard.check_url(url)
        with (
            Caller(guard, total_s=_TOTAL_S) as caller,
            caller.stream("POST", url, data=dict(form), headers={"accept": "application/json"}) as response,
        ):
            data = bytearray()
            for piece in response.iter_bytes():
                data += piece
                if len(data) > _MAX_BYTES:
                    raise ProviderUnavailable("The provider's answer is too long.")
    except (httpx.HTTPError, OSError, AddressRefused) as error:
        raise ProviderUnavailable(f"The provider does not answer: {type(error).__name__}: {error}"[:300]) from error
    try:
        answer = json.loads(bytes(data))
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ProviderUnavailable(f"The provider answered with {response.status_code} and no JSON object.")
    if response.status_code in (400, 401, 403) and isinstance(answer.get("error"), str):
        raise ProviderRefused(clean(answer["error"])[:100], _first_line(answer.get("error_description")))
    if response.status_code != 200:
        raise ProviderUnavailable(f"The provider answered with {response.status_code}.")
    return answer


def _first_line(text: Any) -> str:
    lines = clean(text).splitlines() if isinstance(text, str) else []
    return lines[0][:300] if lines else ""
