"""Tools that call an HTTP service of the desk."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
import jsonschema

from worker import compat
from worker.answering.chat_api.circuits import Circuit
from worker.answering.question import Question
from worker.answering.tools.registry import ToolFailed, ToolResult
from worker.answering.tools.results import declared_only, describe
from worker.answering.tools.templates import PLACEHOLDER, as_text, customer_facts, fill, placeholders

_MAX_BYTES = 64 * 1024

#: Status codes after which the request is sent a second time.
_RETRYABLE_STATUS = (429, 502, 503, 504)


@dataclass(frozen=True, kw_only=True)
class Service:
    """One HTTP endpoint of the desk; its host is fixed.

    Arguments fill placeholders in the path and the query, percent-encoded. `query` has parameters that are left out
    where their argument is absent. Without a
    `body` the arguments are sent; one that is empty sends none.
    """

    name: str
    title: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    timeout_s: float = 5.0
    open: Callable[..., httpx.Client] = httpx.Client
    _circuit: list[Circuit] = field(default_factory=list, repr=False)

    def run(self, question: Question, arguments: Mapping[str, Any], id: str) -> ToolResult:
        """Call the service and return its JSON as sentences.

        Raises:
            ToolFailed: its circuit is open, it does not answer or refuses, or its answer does not fit `result`.
        """
        if not self._circuit:
            self._circuit.append(Circuit(self.name))
        circuit = self._circuit[0]
        if circuit.open_for_s > 0:
            raise ToolFailed("The service does not answer at the moment.")
        values = {**arguments, **customer_facts(question)}
        for placeholder in placeholders(self.url.partition("?")[0]):
            if str(values.get(placeholder, "")).strip() in ("", ".", ".."):
                raise ToolFailed(f"{placeholder} cannot be that.")
        try:
            response = self._ask(values, arguments, id)
        except httpx.HTTPError as error:
            circuit.record_failure(error)
            raise ToolFailed("The service does not answer at the moment.") from error
        if response.status_code in _RETRYABLE_STATUS or response.status_code >= 500:
            circuit.record_failure(ToolFailed(f"status {response.status_code}"))
            raise ToolFailed("The service does not answer at the moment.")
        circuit.record_success()
        if response.status_code == 404:
            raise ToolFailed("The service knows nothing of this.")
        if not response.is_success:
            raise ToolFailed(f"The service refused ({response.status_code}).")
        return ToolResult(text=describe(self.title, self._read(response)))

    def _ask(self, values: Mapping[str, Any], arguments: Mapping[str, Any], id: str) -> httpx.Response:
        url = PLACEHOLDER.sub(lambda match: quote(as_text(values.get(match[1], "")), safe=""), self.url)
        if urlsplit(url).netloc != urlsplit(self.url).netloc:
            raise ToolFailed("The arguments lead elsewhere.")
        query = {name: as_text(value) for name, value in fill(self.query, values).items()}
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query, quote_via=quote)
        body: Any = None
        if self.method != "GET" and self.body != {}:
            body = fill(self.body, values) if self.body is not None else dict(arguments)
        headers = {"Accept": "application/json", "Idempotency-Key": id, **self.headers}
        ends = time.monotonic() + self.timeout_s  # for both attempts together, and for a body that comes slowly
        with self.open(timeout=self.timeout_s, follow_redirects=False, trust_env=False) as client:
            for last in (False, True):
                try:
                    with client.stream(self.method, url, json=body, headers=headers) as response:
                        data = bytearray()
                        for piece in response.iter_bytes():
                            data += piece
                            if len(data) > _MAX_BYTES:
                                raise ToolFailed("The service answered too much.")
                            if time.monotonic() > ends:
                                raise httpx.ReadTimeout("too slow")
                        compat.set_response_content(response, bytes(data))
                except httpx.TransportError:
                    if last or time.monotonic() > ends:
                        raise
                    continue
                if last or response.status_code not in _RETRYABLE_STATUS:
                    return response
        raise AssertionError("unreachable")

    def _read(self, response: httpx.Response) -> Any:
        if not response.content.strip():
            return {}
        try:
            found = json.loads(response.content)
        except ValueError:
            raise ToolFailed("The service answered with what is not JSON.") from None
        if self.result is not None:
            wrong = next(jsonschema.Draft202012Validator(self.result).iter_errors(found), None)
            if wrong is not None:
                raise ToolFailed("The service answered with what it should not.")
            found = declared_only(found, self.result)
        return found
