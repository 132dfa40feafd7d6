"""Session state in Redis or Valkey."""

import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError

from worker.conversations.sessions import BARRED_S, Codec, Counted, Session, SessionStatistics, SessionsUnavailable
from worker.settings import masked

#: Keeps a session unless a newer one is there, and its place among the active ones. Returns 1 or 0.
_PUT = """
local held = redis.call('HGET', KEYS[1], 'history')
if held and tonumber(held) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'history', ARGV[1], 'data', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZADD', KEYS[2], ms + ARGV[3], ARGV[4])
return 1
"""

_TOUCH = """
if redis.call('HEXISTS', KEYS[1], 'data') == 0 then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
local now = redis.call('TIME')
redis.call('ZADD', KEYS[2], now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[1], ARGV[2])
return 1
"""

#: Leaves an empty session that is newer than any could be, so that what is still on its way is refused. Returns 1 or 0.
_DELETE = """
local was = redis.call('HEXISTS', KEYS[1], 'data')
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'history', '9007199254740991')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[2])
return was
"""

#: Drops expired names, then the sessions over the bound, oldest use first. Returns how many of each went.
_CLEAN_UP = """
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local expired = redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms)
local evicted = 0
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[1])
if over > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, math.min(over, 1000) - 1)) do
    redis.call('DEL', ARGV[2] .. id)
    redis.call('ZREM', KEYS[1], id)
    evicted = evicted + 1
  end
end
return {expired, evicted}
"""

_COUNT = """
local now = redis.call('TIME')
return redis.call('ZCOUNT', KEYS[1], '(' .. (now[1] * 1000 + math.floor(now[2] / 1000)), '+inf')
"""

_ACTIVE = """
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
return redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. ms, 'LIMIT', 0, ARGV[1])
"""


class RedisSessionStore:
    """Sessions in Redis or Valkey: a hash for each, and a sorted set of when each expires."""

    def __init__(
        self,
        client: Redis,
        *,
        url: str,
        prefix: str = "answerback:",
        ttl_s: float = 86_400,
        limit: int = 100_000,
        codec: Codec | None = None,
    ) -> None:
        self._client = client
        self._url = url
        self._prefix = f"{prefix}session:"
        self._names = f"{prefix}sessions"
        self._ttl_s = ttl_s
        self._ttl_ms = int(ttl_s * 1000)
        self._limit = limit
        self._codec = codec or Codec()
        self._counted = Counted()
        self._put = client.register_script(_PUT)
        self._touch = client.register_script(_TOUCH)
        self._delete = client.register_script(_DELETE)
        self._clean_up = client.register_script(_CLEAN_UP)
        self._count = client.register_script(_COUNT)
        self._active = client.register_script(_ACTIVE)

    def describe(self) -> dict[str, Any]:
        return {
            "type": "redis",
            "address": masked(self._url),
            "prefix": self._prefix,
            "ttl_s": self._ttl_s,
            "encrypted": self._codec.encrypts,
        }

    def get(self, conversation_id: str) -> Session | None:
        return self.get_many([conversation_id]).get(conversation_id)

    def get_many(self, conversation_ids: Sequence[str]) -> dict[str, Session]:
        if not conversation_ids:
            return {}
        with _reachable():
            if len(conversation_ids) == 1:
                values = [self._client.hget(self._prefix + conversation_ids[0], "data")]
            else:
                pipe = self._client.pipeline(transaction=False)
                for id in conversation_ids:
                    pipe.hget(self._prefix + id, "data")
                values = pipe.execute()
        loaded = {id: self._codec.load(data) for id, data in zip(conversation_ids, values, strict=True) if data}
        found = {id: session for id, session in loaded.items() if session is not None}
        self._counted.add("hits", len(found))
        self._counted.add("misses", len(conversation_ids) - len(found))
        return found

    def put(self, session: Session) -> bool:
        with _reachable():
            kept = self._put(
                keys=[self._prefix + session.conversation_id, self._names],
                args=[session.history, self._codec.dump(session), self._ttl_ms, session.conversation_id],
            )
        self._counted.add("writes" if kept else "refused")
        return bool(kept)

    def update(self, conversation_id: str, change: Callable[[Session], Session]) -> Session | None:
        key = self._prefix + conversation_id

        def attempt(pipe: Any) -> Session | None:
            data = pipe.hget(key, "data")
            session = self._codec.load(data) if data else None
            if session is None:
                return None
            changed = change(session)
            pipe.multi()
            pipe.hset(key, mapping={"history": changed.history, "data": self._codec.dump(changed)})
            pipe.pexpire(key, self._ttl_ms)
            return changed

        with _reachable():
            changed = cast(
                Session | None,
                self._client.transaction(attempt, key, value_from_callable=True),  # type: ignore[arg-type]
            )
        if changed is not None:
            self._counted.add("writes")
            self.touch(conversation_id)
        return changed

    def touch(self, conversation_id: str) -> bool:
        with _reachable():
            keys = [self._prefix + conversation_id, self._names]
            return bool(self._touch(keys=keys, args=[self._ttl_ms, conversation_id]))

    def delete(self, conversation_id: str) -> bool:
        with _reachable():
            keys = [self._prefix + conversation_id, self._names]
            return bool(self._delete(keys=keys, args=[int(BARRED_S * 1000), conversation_id]))

    def count(self) -> int:
        with _reachable():
            return int(self._count(keys=[self._names]))

    def active(self, *, limit: int = 100) -> list[str]:
        with _reachable():
            return [name.decode() for name in self._active(keys=[self._names], args=[limit])]

    def clean_up(self) -> int:
        with _reachable():
            expired, evicted = self._clean_up(keys=[self._names], args=[self._limit, self._prefix])
        self._counted.add("evictions", int(evicted))
        return int(expired) + int(evicted)

    def statistics(self) -> SessionStatistics:
        return SessionStatistics(active=self.count(), **self._counted.counts)

    def health(self) -> float:
        began = time.perf_counter()
        with _reachable():
            self._client.ping()
        return time.perf_counter() - began


class _reachable:  # noqa: N801 - reads as a clause: `with _reachable():`
    """Turn a failure of Redis into SessionsUnavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, RedisError):
            raise SessionsUnavailable(cause=str(error)) from error
