"""Searches for the web server, which loads no index: workers answer them through Redis within a few seconds."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.exceptions import RedisError

from kb.errors import KnowledgeError, SnapshotMissing
from kb.filters import Filters
from worker.errors import AnswerbackError
from worker.knowledge.serializers import found_to_api
from worker.telemetry import logs

if TYPE_CHECKING:  # the web server imports this module and must not load an index
    from worker.answering.protocols import KnowledgeSearch

log = logs.get(__name__)

_MAX_WAITING = 1_000

#: Searches have a queue of their own, so that nothing that takes longer holds them up.
SEARCHES = "searches"
QUESTIONS = "questions"
ANSWERS = "answers"

#: Threads of one worker that answer them.
SEARCH_THREADS = 2
QUESTION_THREADS = 1
ANSWER_THREADS = 2

_LONGER = 4.0

#: Seconds that a queue lives without a new question; nobody waits longer than this for one.
_QUEUE_S = 120

#: Seconds that one call of Redis blocks at most; its client gives a call up after 30.
_BLOCK_S = 20.0

#: Answers one kind of question, from the fields that it comes with.
Kind = Callable[..., dict[str, Any]]


class NoWorker(AnswerbackError):
    """No worker answered in time; try again."""

    code = "no_worker"


class SearchClient:
    """Asks a worker to search, and for what else it takes an index or a model to know."""

    def __init__(
        self, client: Redis, waiting: Redis, *, prefix: str, timeout_s: float = 5.0, most_at_once: int = 16
    ) -> None:
        """`waiting` is a client whose calls may block for `timeout_s`; `most_at_once`, how many threads may wait."""
        self._free = threading.BoundedSemaphore(most_at_once)
        self._client = client
        self._waiting = waiting
        self._prefix = prefix
        self._replies = f"{prefix}found:"
        self._timeout_s = timeout_s

    def search(
        self, workspace_id: str, query: str, *, limit: int, filters: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return `{snapshot, items}` as clients see them.

        Raises:
            NoWorker: none took the question up and answered in time, as many wait as may, or Redis is unavailable.
            KnowledgeError: the worker could not search.
        """
        return self._ask(
            SEARCHES,
            self._timeout_s,
            kind="search",
            workspace_id=workspace_id,
            query=query,
            limit=limit,
            filters=dict(filters) if filters else None,
        )

    def answer(
        self,
        workspace_id: str,
        question: str,
        *,
        key_id: str | None,
        timeout_s: float,
        turns: Sequence[Mapping[str, str]] = (),
        tried: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the agent's answer to a question (`worker.answering.direct_answers`).

        `turns` are what was said before, the oldest first: `role` (customer or assistant) and `content`. `tried` are
        settings that are not saved yet, with sealed secrets.

        Raises:
            NoWorker: no answer was ready within `timeout_s` seconds; otherwise as `search`.
            KnowledgeError: the worker could not answer.
        """
        asked = {
            "kind": "answer",
            "workspace_id": workspace_id,
            "question": question,
            "key_id": key_id,
            "remaining_s": timeout_s,
            "turns": list(turns),
            **({"tried": dict(tried)} if tried else {}),
        }
        return self._ask_and_wait(ANSWERS, timeout_s, asked)  # who may wait is counted by the caller

    def unanswered_questions(self, workspace_id: str, *, days: float) -> list[dict[str, Any]]:
        """Return groups of unanswered questions (`worker.knowledge.unanswered_questions`).

        Raises:
            NoWorker: no answer worker replied in time.
        """
        found: list[dict[str, Any]] = self._ask(
            QUESTIONS, _LONGER * self._timeout_s, kind="unanswered_questions", workspace_id=workspace_id, days=days
        )["items"]
        return found

    def topics(
        self, workspace_id: str, *, first: str, last: str, channel: str | None, language: str | None
    ) -> dict[str, Any]:
        """Return the topics of the conversations that began from a day to another (`worker.reports.topics`).

        Raises:
            NoWorker: no answer worker replied in time.
        """
        asked = {"first": first, "last": last, "channel": channel, "language": language}
        return self._ask(QUESTIONS, _LONGER * self._timeout_s, kind="topics", workspace_id=workspace_id, **asked)

    def changes(self, workspace_id: str, *, before: str, after: str) -> dict[str, Any]:
        """Return how two snapshots differ, as `worker.knowledge.changes` does; raises as `search`."""
        return self._ask(
            QUESTIONS,
            _LONGER * self._timeout_s,
            kind="changes",
            workspace_id=workspace_id,
            before=before,
            after=after,
        )

    def category_checks(self, workspace_id: str) -> dict[str, dict[str, Any]]:
        """Return how each category of a workspace does on its own examples, by name; raises as `search`."""
        found: dict[str, dict[str, Any]] = self._ask(
            QUESTIONS, _LONGER * self._timeout_s, kind="category_checks", workspace_id=workspace_id
        )["items"]
        return found

    def _ask(self, queue: str, timeout_s: float, **asked: Any) -> dict[str, Any]:
        if not self._free.acquire(blocking=False):  # the other threads are for who does not wait
            raise NoWorker
        try:
            return self._ask_and_wait(queue, timeout_s, asked)
        finally:
            self._free.release()

    def _ask_and_wait(self, queue: str, timeout_s: float, asked: Mapping[str, Any]) -> dict[str, Any]:
        queue = self._prefix + queue
        reply_key = self._replies + secrets.token_hex(12)
        try:
            pipe = self._client.pipeline(transaction=False)
            # Somebody waits as long as this lives: no clock of ours says so, since machines may disagree by an hour.
            pipe.set(_awaited(reply_key), b"1", px=int(timeout_s * 1000))
            pipe.rpush(queue, json.dumps({"reply": reply_key, **asked}))
            pipe.ltrim(queue, -_MAX_WAITING, -1)
            pipe.expire(queue, _QUEUE_S)
            pipe.execute()
            reply = self._reply(reply_key, timeout_s)
        except RedisError as error:
            raise NoWorker(cause=str(error)) from error
        if reply is None:
            raise NoWorker
        found: dict[str, Any] = json.loads(reply[1])
        if "error" in found:
            raise KnowledgeError(found["error"])
        return found

    def _reply(self, reply_key: str, timeout_s: float) -> Any:
        ends = time.monotonic() + timeout_s
        while (left_s := ends - time.monotonic()) > 0:
            if (reply := self._waiting.blpop([reply_key], timeout=min(left_s, _BLOCK_S))) is not None:
                return reply
        return None


def _awaited(reply_key: str) -> str:
    return f"{reply_key}:awaited"


class Responder:
    """Answers what the web server asks, beside the tasks, so that a full worker still does."""

    def __init__(self, client: Redis, kinds: Mapping[str, Kind], *, queue: str, prefix: str, threads: int) -> None:
        self._client = client
        self._kinds = kinds
        self._queue = prefix + queue
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=queue)
        self._slots = threading.Semaphore(threads)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start answering."""
        self._thread = threading.Thread(target=self._run, name=self._queue, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take up no more questions."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(3)
        self._pool.shutdown(wait=False)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._slots.acquire()
            try:
                asked = self._client.blpop([self._queue], timeout=1.0)
                if asked is None or self._stopped.is_set():
                    if asked is not None:
                        self._client.lpush(self._queue, asked[1])
                    self._slots.release()
                    continue
                self._pool.submit(self._answer, asked[1])
            except (RedisError, OSError) as error:
                self._slots.release()
                log.warning("questions_interrupted", cause=str(error))
                self._stopped.wait(1.0)

    def _answer(self, raw: Any) -> None:
        try:
            asked = json.loads(raw)
            if not self._client.getdel(_awaited(asked["reply"])):
                return
            reply = json.dumps(self._answered(**asked), ensure_ascii=False)
            pipe = self._client.pipeline()
            pipe.rpush(asked["reply"], reply)
            pipe.expire(asked["reply"], 10)
            pipe.execute()
        except Exception:
            log.exception("question_failed")
        finally:
            self._slots.release()

    def _answered(self, *, reply: str, kind: str = "search", **asked: Any) -> dict[str, Any]:
        del reply
        if kind not in self._kinds:
            return {"error": f"This worker knows nothing of {kind}: it is of an earlier version."}
        try:
            return self._kinds[kind](**asked)
        except (KnowledgeError, AnswerbackError) as error:
            return {"error": str(error)}
        except TypeError as error:  # a field that this version does not know
            log.warning("question_not_understood", kind=kind, cause=str(error))
            return {"error": f"This worker does not understand the question ({kind}): it is of another version."}
        except Exception:
            log.exception("question_failed", kind=kind)
            return {"error": "The worker failed in a way that was not foreseen; its log says how."}


def searching(knowledge: "KnowledgeSearch") -> Kind:
    """Return the responder for searches."""

    def search(
        *, workspace_id: str, query: str, limit: int, filters: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            found = knowledge.search(workspace_id, query, limit=limit, filters=filters_of(filters))
        except SnapshotMissing:  # nothing was published yet, so there is nothing to find
            return {"snapshot": None, "items": []}
        return found_to_api(found)

    return search


def filters_of(given: Mapping[str, Any] | None) -> Filters | None:
    """Return filters from their form in JSON; None when there are none."""
    if not given:
        return None
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return Filters(**fields)
