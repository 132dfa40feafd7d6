"""Session state: a cache of what a conversation is about, stamped so that it can never mislead.

SQL holds everything that is in here. A session whose `history` differs from the conversation's is a miss.
There is no second cache in the process: a read over the local socket was measured at 0.15 ms, 1/100 of an
answer, and could not be kept fresh for less (docs/decisions/0010-no-local-session-cache.md).
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from worker.errors import AnswerbackError
from worker.states import Owner, ReplyKind, Role

#: A turn that began before a conversation was erased may end after it, and would restore its session.
BARRED_S = 600.0


class SessionsUnavailable(AnswerbackError):
    """The session store cannot be reached; state is rebuilt from SQL."""

    code = "sessions_unavailable"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message of a conversation that has ended; `kind` is that of the assistant's."""

    seq: int
    role: Role
    content: str
    kind: ReplyKind = ReplyKind.ANSWER


@dataclass(frozen=True, kw_only=True)
class Session:
    """The state of a conversation before its newest messages.

    Attributes:
        history: version of the conversation that this is the state of.
        last_seq: place of the last turn.
        turns: the newest turns, oldest first.
        counters: how many messages, answers and handoffs so far.
    """

    conversation_id: str
    workspace_id: str
    history: int
    owner: Owner = Owner.BOT
    last_seq: int = 0
    turns: tuple[Turn, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)

    def extended(
        self, turns: Iterable[Turn], *, history: int, owner: Owner, window: int, counted: Mapping[str, int]
    ) -> "Session":
        """Return the state with `turns` added; at most `window` turns are kept."""
        kept = tuple(sorted((*self.turns, *turns), key=lambda turn: turn.seq))[-window:]
        counters = {
            name: self.counters.get(name, 0) + counted.get(name, 0) for name in sorted({*self.counters, *counted})
        }
        return replace(
            self,
            turns=kept,
            history=history,
            owner=owner,
            counters=counters,
            last_seq=kept[-1].seq if kept else self.last_seq,
        )


@dataclass(frozen=True, kw_only=True)
class SessionStatistics:
    """Counts of one store since this process opened it, and the number of sessions that it holds now.

    Attributes:
        refused: writes that were older than the stored session.
        evictions: sessions dropped because the store held more than its limit.
        active: sessions that have not expired, of all processes.
    """

    hits: int
    misses: int
    writes: int
    refused: int
    evictions: int
    active: int


class SessionStore(Protocol):
    """Where sessions are kept. Every method may raise SessionsUnavailable."""

    def describe(self) -> dict[str, Any]:
        """Return type, address (secrets masked), prefix and TTL, for logs and readiness."""
        ...

    def get(self, conversation_id: str) -> Session | None:
        """Return a session, or None when there is none that can be read."""
        ...

    def get_many(self, conversation_ids: Sequence[str]) -> dict[str, Session]:
        """Return those of the sessions that are there, in one round trip."""
        ...

    def put(self, session: Session) -> bool:
        """Keep a session for the TTL, unless a newer one is there; return whether it was kept."""
        ...

    def update(self, conversation_id: str, change: Callable[[Session], Session]) -> Session | None:
        """Replace a session by what `change` makes of it, atomically; None when there is none."""
        ...

    def touch(self, conversation_id: str) -> bool:
        """Let a session live for another TTL; return whether it is there."""
        ...

    def delete(self, conversation_id: str) -> bool:
        """Forget a session, and for BARRED_S what is still on its way to it; return whether it was there."""
        ...

    def count(self) -> int:
        """Return how many sessions are alive."""
        ...

    def active(self, *, limit: int = 100) -> list[str]:
        """Return the conversations that were used last, newest first."""
        ...

    def clean_up(self) -> int:
        """Drop what has expired or is over the bound; return how many went."""
        ...

    def statistics(self) -> SessionStatistics:
        """Return the statistics since the start of this process."""
        ...

    def health(self) -> float:
        """Ask the store; return its latency in seconds."""
        ...


class Codec:
    """Sessions to bytes and back, encrypted when there are keys; the first key encrypts, all decrypt."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None

    @property
    def encrypts(self) -> bool:
        """Whether what is kept can be read without a key."""
        return self._fernet is not None

    def seal(self, value: Any) -> bytes:
        """Return a JSON value as it is kept."""
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return self._fernet.encrypt(data) if self._fernet else data

    def unseal(self, data: bytes) -> Any:
        """Return the JSON value that `seal` was given.

        Raises:
            ValueError, InvalidToken: it was written with other keys.
        """
        return json.loads(self._fernet.decrypt(data) if self._fernet else data)

    def dump(self, session: Session) -> bytes:
        return self.seal(asdict(session))

    def load(self, data: Any) -> Session | None:
        """Return the session, or None when it was written with other keys or another version: a miss."""
        try:
            fields = self.unseal(data)
            fields["turns"] = tuple(Turn(**turn) for turn in fields["turns"])
            return Session(**fields)
        except (ValueError, KeyError, TypeError, InvalidToken):
            return None


class Counted:
    """Counts of hits, misses and writes, safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts = {"hits": 0, "misses": 0, "writes": 0, "refused": 0, "evictions": 0}

    def add(self, name: str, by: int = 1) -> None:
        with self._lock:
            self.counts[name] += by


class MemorySessionStore:
    """Sessions in this process: for tests, and for one process without Redis."""

    def __init__(
        self,
        *,
        ttl_s: float = 86_400,
        limit: int = 100_000,
        codec: Codec | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ttl_s = ttl_s
        self._limit = limit
        self._codec = codec or Codec()
        self._clock = clock
        self._lock = threading.RLock()
        self._kept: dict[str, tuple[float, int, bytes]] = {}  # expires, history, data; oldest use first
        self._barred: dict[str, float] = {}  # until when
        self._counted = Counted()

    def describe(self) -> dict[str, Any]:
        return {"type": "memory", "address": "this process", "prefix": "", "ttl_s": self._ttl_s}

    def get(self, conversation_id: str) -> Session | None:
        return self.get_many([conversation_id]).get(conversation_id)

    def get_many(self, conversation_ids: Sequence[str]) -> dict[str, Session]:
        found = {}
        with self._lock:
            for id in conversation_ids:
                kept = self._alive(id)
                session = self._codec.load(kept[2]) if kept else None
                if session is not None:
                    found[id] = session
        self._counted.add("hits", len(found))
        self._counted.add("misses", len(conversation_ids) - len(found))
        return found

    def put(self, session: Session) -> bool:
        with self._lock:
            kept = self._alive(session.conversation_id)
            barred = self._barred.get(session.conversation_id, 0.0) > self._clock()
            if barred or (kept is not None and kept[1] > session.history):
                self._counted.add("refused")
                return False
            self._kept.pop(session.conversation_id, None)
            self._kept[session.conversation_id] = (
                self._clock() + self._ttl_s,
                session.history,
                self._codec.dump(session),
            )
            while len(self._kept) > self._limit:
                self._kept.pop(next(iter(self._kept)))
                self._counted.add("evictions")
        self._counted.add("writes")
        return True

    def update(self, conversation_id: str, change: Callable[[Session], Session]) -> Session | None:
        with self._lock:
            kept = self._alive(conversation_id)
            session = self._codec.load(kept[2]) if kept else None
            if session is None:
                return None
            changed = change(session)
            self.put(changed)
            return changed

    def touch(self, conversation_id: str) -> bool:
        with self._lock:
            kept = self._alive(conversation_id)
            if kept is None:
                return False
            del self._kept[conversation_id]
            self._kept[conversation_id] = (self._clock() + self._ttl_s, *kept[1:])
            return True

    def delete(self, conversation_id: str) -> bool:
        with self._lock:
            self._barred[conversation_id] = self._clock() + BARRED_S
            return self._kept.pop(conversation_id, None) is not None

    def count(self) -> int:
        with self._lock:
            return sum(expires > self._clock() for expires, _, _ in self._kept.values())

    def active(self, *, limit: int = 100) -> list[str]:
        with self._lock:
            alive = [id for id, (expires, _, _) in self._kept.items() if expires > self._clock()]
        return alive[::-1][:limit]

    def clean_up(self) -> int:
        with self._lock:
            gone = [id for id, (expires, _, _) in self._kept.items() if expires <= self._clock()]
            for id in gone:
                del self._kept[id]
            self._barred = {id: until for id, until in self._barred.items() if until > self._clock()}
        return len(gone)

    def statistics(self) -> SessionStatistics:
        return SessionStatistics(active=self.count(), **self._counted.counts)

    def health(self) -> float:
        return 0.0

    def _alive(self, id: str) -> tuple[float, int, bytes] | None:
        kept = self._kept.get(id)
        return kept if kept is not None and kept[0] > self._clock() else None
