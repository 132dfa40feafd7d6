"""Ask an OpenAI-compatible endpoint for embeddings, patiently."""

import json
import threading
import time
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np

from kb.embedding import Vector
from kb.errors import EmbedderRefused, EmbedderUnavailable
from worker.addresses import AddressRefused, Caller, Guard
from worker.answering.chat_api.circuits import Circuit
from worker.embeddings.batches import batches
from worker.embeddings.failures import TextsRefused, failure_of
from worker.embeddings.responses import parsed, tokens_of, vectors_of
from worker.telemetry import logs
from worker.telemetry.counters import Meter

log = logs.get(__name__)

#: Seconds before a failed request is repeated for the first time; each further time twice as long.
_FIRST_PAUSE_S = 0.25
_MAX_PAUSE_S = 8.0

_MAX_BODY_BYTES = 64 * 1024 * 1024

#: A text that is refused by itself is cut in half until it has at most so many characters.
_MIN_CHARACTERS = 200

#: Asked for after a refusal, to tell whether the endpoint refuses everything.
_PROBE = "Where is my parcel?"


class EmbeddingsClient:
    """Requests to one endpoint for one model. Safe to share between threads.

    Args:
        url: where it is, without `/embeddings`.
        guard: which addresses may be called.
        batch: most texts of one request; lowered when the endpoint takes fewer.
        timeout_s: longest that one request may take.
        price: US dollars for a million tokens.
    """

    def __init__(
        self,
        *,
        url: str,
        key: str | None,
        model: str,
        dimensions: int,
        guard: Guard,
        batch: int,
        timeout_s: float,
        price: float,
        meter: Meter,
    ) -> None:
        self._url = f"{url.rstrip('/')}/embeddings"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._model = model
        self._dimensions = dimensions
        self._sends_dimensions = True
        self._guard = guard
        self._batch = batch
        self._timeout_s = timeout_s
        self._price = price
        self._meter = meter
        self._circuit = Circuit(f"embeddings of {model}")
        self._thread = threading.local()

    def embed(self, texts: Sequence[str], *, retry_for_s: float) -> Vector:
        """Return the vectors of texts, of length 1 and in their order, float32 [count, dimensions].

        A text without words has no direction: its vector is zeros, and so is one of which the model has none.

        Args:
            retry_for_s: how long each request is repeated while the endpoint is overloaded or away.

        Raises:
            EmbedderUnavailable: it was so for longer, or wants to be left alone for longer.
            EmbedderRefused: key, model or dimensions have to be changed first.
        """
        found = np.zeros((len(texts), self._dimensions), np.float32)
        with_words = [position for position, text in enumerate(texts) if text.strip()]
        for part in batches([texts[position] for position in with_words], limit=self._batch):
            rows, with_words = with_words[: len(part)], with_words[len(part) :]
            found[rows] = self._in_parts(part, retry_for_s)
        return found

    def _in_parts(self, texts: Sequence[str], retry_for_s: float) -> Vector:
        """Return the vectors of a batch, which is made smaller while the endpoint refuses it."""
        try:
            return self._repeatedly(texts, ends=time.monotonic() + retry_for_s)
        except TextsRefused as refused:
            refusals = self._thread.refusals = getattr(self._thread, "refusals", 0) + 1
            if refused.about_dimensions and self._sends_dimensions:
                log.info("embeddings_parameter_refused", model=self._model, parameter="dimensions")
                self._sends_dimensions = False
                return self._in_parts(texts, retry_for_s)
            if len(texts) > 1:
                half = len(texts) // 2
                parts = [self._in_parts(part, retry_for_s) for part in (texts[:half], texts[half:])]
                enough = self._thread.refusals == refusals  # else a text was refused, and not their number
                if enough and not refused.no_vector and self._batch >= len(texts):
                    self._batch = max(1, half)
                return np.concatenate(parts)
            (text,) = texts
            if refused.no_vector:
                log.warning("text_without_vector", model=self._model, characters=len(text))
                return np.zeros((1, self._dimensions), np.float32)
            if len(text) <= _MIN_CHARACTERS:
                if text == _PROBE or not self._takes_others(retry_for_s):
                    raise refused.error from None
                log.warning("text_refused", model=self._model, characters=len(text), cause=str(refused.error))
                return np.zeros((1, self._dimensions), np.float32)
            return self._in_parts([text[: len(text) // 2]], retry_for_s)

    def _takes_others(self, retry_for_s: float) -> bool:
        """Whether the endpoint takes another text: then not the settings are at fault, but the one that it refused."""
        try:
            self._in_parts([_PROBE], retry_for_s)
        except EmbedderRefused:
            return False
        return True

    def _repeatedly(self, texts: Sequence[str], *, ends: float) -> Vector:
        """Return the vectors of one request, which is repeated until a time of `time.monotonic`."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                if (open_s := self._circuit.open_for_s) > 0:
                    raise EmbedderUnavailable(f"{self._circuit.name} is not asked for now.", after_s=open_s)
                return self._request(texts)
            except EmbedderRefused:
                raise
            except EmbedderUnavailable as error:
                wait_s = max(pause_s, error.after_s or 0.0)
                if time.monotonic() + wait_s >= ends:
                    raise
                time.sleep(wait_s)
                pause_s = min(2 * pause_s, _MAX_PAUSE_S)

    def _request(self, texts: Sequence[str]) -> Vector:
        """Send one request; what goes wrong is counted, and by the circuit where waiting helps."""
        began = time.monotonic()
        try:
            payload = self._post(texts)
            vectors = vectors_of(payload, count=len(texts), dimensions=self._dimensions)
        except EmbedderRefused:
            self._count("give_up")
            raise
        except EmbedderUnavailable as error:
            self._count("retry")
            self._circuit.record_failure(error, after_s=error.after_s)
            raise
        self._circuit.record_success()
        self._count("answered")
        self._meter.observe("model_seconds", time.monotonic() - began, model=self._model)
        if tokens := tokens_of(payload):
            self._meter.add("model_tokens", tokens, model=self._model, kind="embedding")
            if self._price:
                self._meter.add("model_cost_usd", tokens * self._price / 1_000_000, model=self._model)
        return vectors

    def _post(self, texts: Sequence[str]) -> Any:
        body: dict[str, Any] = {"model": self._model, "input": list(texts)}
        if self._sends_dimensions:
            body["dimensions"] = self._dimensions
        # A lone half of an emoji, which some mail has, is no text that JSON in UTF-8 can hold.
        content = json.dumps(body, ensure_ascii=False).encode(errors="replace")
        headers = {**self._headers, "Content-Type": "application/json", "Accept": "application/json"}
        try:
            self._guard.check_url(self._url)
            with self._caller().stream("POST", self._url, content=content, headers=headers) as response:
                answer = bytearray()
                for piece in response.iter_bytes():
                    answer += piece
                    if len(answer) > _MAX_BODY_BYTES:
                        raise EmbedderUnavailable("The embeddings endpoint answers too much.")
        except AddressRefused as error:
            raise EmbedderRefused(
                f"ANSWERBACK_EMBEDDING_URL: {error} ANSWERBACK_EMBEDDING_ALLOW opens networks."
            ) from None
        except httpx.TimeoutException:
            raise EmbedderUnavailable("The embeddings endpoint did not answer in time.") from None
        except httpx.HTTPError as error:
            raise EmbedderUnavailable(f"The embeddings endpoint cannot be reached: {error}") from None
        if not response.is_success:
            raise failure_of(response.status_code, response.headers, bytes(answer))
        return parsed(bytes(answer))

    def _caller(self) -> Caller:
        """Return this thread's connection."""
        caller: Caller | None = getattr(self._thread, "caller", None)
        if caller is None:
            caller = self._thread.caller = Caller(self._guard, total_s=self._timeout_s)
        return caller

    def _count(self, result: str) -> None:
        self._meter.add("model_calls", model=self._model, result=result)
