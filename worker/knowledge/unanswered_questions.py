"""Questions that found no answer, grouped by what they ask, so that one knows what to write next."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from kb.embedding import Embedder, Vector
from worker.conversations.reports import first_id
from worker.knowledge.search_service import Kind
from worker.store.engine import Store
from worker.store.tables import message
from worker.time import to_rfc3339

#: Two questions ask the same from this cosine of the default model on; measured on paraphrases, see docs/quality.md.
SAME = 0.60

#: As many are looked at, newest first.
MAX = 500
_MAX_QUESTIONS = 5
_LONGEST = 300
_REASONS = ("no_answer", "low_support")


def unanswered_questions(
    store: Store, embedder: Embedder, workspace_id: str, *, days: float = 30.0
) -> list[dict[str, Any]]:
    """Return groups of messages that were handed off for want of an answer, largest first.

    Each has its `count`, when one came `last_at`, and `questions`: up to five, the most typical first, each with
    `content`, `message_id` and `conversation_id`.

    Raises:
        DatabaseUnavailable: nothing can be said.
    """
    with store.read() as connection:
        since = store.now(connection) - int(days * 86_400_000)
    asked = (
        sa.select(message.c.id, message.c.conversation_id, message.c.content, message.c.created_at)
        .where(
            sa.func.coalesce(message.c.workspace_id, "") == workspace_id,
            message.c.id >= first_id(since),
            message.c.role == "customer",
            message.c.state == "handed_off",
            message.c.handoff["reason"].as_string().in_(_REASONS),
            message.c.created_at >= since,
        )
        .order_by(message.c.id.desc())
        .limit(MAX)
    )
    with store.read() as connection:
        rows = [row for row in connection.execute(asked) if any(map(str.isalnum, row.content))]  # an emoji asks nothing
    groups = grouped(embedder, [row.content[:_LONGEST] for row in rows])
    return [_to_api(embedder, [rows[position] for position in positions]) for positions in groups]


def grouped(embedder: Embedder, texts: Sequence[str], *, same: float = SAME) -> list[list[int]]:
    """Return the places of texts that ask the same, largest groups first.

    Leaders are found in one pass (Hartigan 1975): a text joins the centre that is nearest, if that is near enough, else
    it begins one. Then each text goes to the nearest of the centres that came of it, so that little hangs on the order.
    """
    if not texts:
        return []
    vectors = np.stack([embedder.encode(text) for text in texts])
    same = embedder.scale.from_default(same)
    centres = np.stack(_centres(vectors, same))
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for position, cosines in enumerate(vectors @ centres.T):
        best = int(cosines.argmax())
        groups[best if cosines[best] >= same else -1 - position].append(position)
    return sorted(groups.values(), key=len, reverse=True)


def _centres(vectors: Vector, same: float) -> list[Vector]:
    """Return unit vectors, each the middle of texts that are near it."""
    sums: list[Vector] = []
    centres: list[Vector] = []
    for vector in vectors:
        cosines = [float(centre @ vector) for centre in centres]
        best = int(np.argmax(cosines)) if cosines else -1
        if best >= 0 and cosines[best] >= same:
            sums[best] = sums[best] + vector
        else:
            best = len(sums)
            sums.append(vector)
            centres.append(vector)
        centres[best] = sums[best] / np.float32(max(float(np.linalg.norm(sums[best])), 1e-12))
    return centres


def _to_api(embedder: Embedder, rows: list[Any]) -> dict[str, Any]:
    vectors = np.stack([embedder.encode(row.content[:_LONGEST]) for row in rows])
    typical = np.argsort(-(vectors @ vectors.sum(axis=0)), kind="stable")[:_MAX_QUESTIONS]
    return {
        "count": len(rows),
        "last_at": to_rfc3339(max(row.created_at for row in rows)),
        "questions": [
            {
                "content": rows[position].content[:_LONGEST],
                "message_id": rows[position].id,
                "conversation_id": rows[position].conversation_id,
            }
            for position in typical.tolist()
        ],
    }


def answering(store: Store, embedder: Embedder) -> Kind:
    """Return the responder for reports on unanswered questions (`search_service`)."""

    def answer(*, workspace_id: str, days: float) -> dict[str, Any]:
        return {"items": unanswered_questions(store, embedder, workspace_id, days=days)}

    return answer
