"""Pieces of an answer while it is written, for the streams that show it.

They live in a Redis stream for each conversation, for a few minutes. The whole answer is in SQL when the message
has ended, so losing pieces loses nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from redis import Redis
from redis.exceptions import RedisError

from worker.conversations.outcomes import Piece
from worker.conversations.sessions import Codec
from worker.telemetry import logs

log = logs.get(__name__)

#: Pieces that are kept of a conversation: several answers of the usual length.
_MAX = 200
_KEPT_S = 600


@dataclass(frozen=True, kw_only=True)
class Delta:
    """A piece of the answer to some messages, with its place in the conversation's stream.

    `take` numbers the attempts at answering: what a lower one says is void once a higher one has begun.
    """

    id: str
    message_ids: tuple[str, ...]
    take: int
    data: dict[str, Any]


class Deltas:
    """Stores pieces for the worker that answers, and reads them for streams. Without Redis it does nothing."""

    def __init__(self, client: Redis, *, prefix: str, channel: str, codec: Codec | None = None) -> None:
        """`channel` is the Redis channel of wake-ups (`wakeups.Wakeups`)."""
        self._client = client
        self._prefix = f"{prefix}deltas:"
        self._channel = channel
        self._codec = codec or Codec()

    def add(self, conversation_id: str, message_ids: Sequence[str], *, take: int, piece: Piece) -> None:
        """Add a piece, and wake the streams of the conversation."""
        key = self._prefix + conversation_id
        sealed = self._codec.seal({"messages": list(message_ids), "take": take, "piece": asdict(piece)})
        try:
            pipe = self._client.pipeline(transaction=False)
            pipe.xadd(key, {"data": sealed}, maxlen=_MAX, approximate=True)
            pipe.expire(key, _KEPT_S)
            pipe.publish(self._channel, conversation_id)
            pipe.execute()
        except RedisError as error:
            log.debug("delta_lost", cause=str(error))

    def after(self, conversation_id: str, id: str) -> list[Delta]:
        """Return the pieces added after the one with this id, oldest first; `0-0` for all that are kept."""
        try:
            found: Any = self._client.xrevrange(self._prefix + conversation_id, min=f"({id}", count=_MAX)
        except RedisError as error:
            log.debug("deltas_not_read", cause=str(error))
            return []
        read = []
        for entry_id, fields in reversed(found):
            try:
                value = self._codec.unseal(fields[b"data"])
                read.append(
                    Delta(
                        id=entry_id.decode(),
                        message_ids=tuple(value["messages"]),
                        take=value["take"],
                        data=value["piece"],
                    )
                )
            except (ValueError, KeyError, TypeError, InvalidToken):  # of another version, or other keys
                continue
        return read

    def forget(self, conversation_id: str) -> None:
        """Forget the pieces of a conversation, and refuse those of a turn that has not ended yet.

        Raises:
            RedisError: Redis is unavailable; the pieces expire within minutes.
        """
        # Nothing can be added to what is no stream.
        self._client.set(self._prefix + conversation_id, "", ex=_KEPT_S)
