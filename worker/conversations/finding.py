"""Find conversations by the words of their subject, their customer and what was said in them.

Words are compared without case and without accents, and the last of a term may go on. Terms stand between spaces: the
words of one, such as those of an e-mail address, follow each other, and all terms are in the conversation, in any of
its messages. Migration 0031 makes the indexes: a full-text index on SQLite, two
GIN indexes on PostgreSQL.
"""

import re
import unicodedata
from typing import Any

import sqlalchemy as sa

from worker.store.engine import Store
from worker.store.tables import conversation, message

#: More terms than this are not looked for.
_MAX_TERMS = 8

_IDS = ("id", "external_id")

_WORD = re.compile(r"[^\W_]+")

_entry = sa.table("search_entry", sa.column("id"), sa.column("workspace_id"), sa.column("conversation_id"))
_words = sa.table("search_words", sa.column("rowid"))


def matching(store: Store, workspace_id: str, search: str) -> sa.ColumnElement[bool]:
    """Return the condition that a conversation of a workspace has the words of a search, or its id."""
    in_workspace = conversation.c.workspace_id == workspace_id
    found: list[sa.Select[Any]] = [
        sa.select(conversation.c.id).where(in_workspace, conversation.c[name] == search) for name in _IDS
    ]
    with_term = _with_term_sqlite if store.is_sqlite else _with_term_postgresql
    each = [sa.select(with_term(workspace_id, words).subquery()) for words in _terms_of(search)]
    if each:
        found.append(sa.select(sa.intersect(*each).subquery()) if len(each) > 1 else each[0])
    return conversation.c.id.in_(sa.union_all(*found))


def _terms_of(search: str) -> list[list[str]]:
    """Return the words of each term of a search, without accents."""
    parts = unicodedata.normalize("NFKD", search)
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    return [words for term in plain.lower().split() if (words := _WORD.findall(term))][:_MAX_TERMS]


def _goes_on(words: list[str]) -> bool:
    """Whether the last word of a term may be the beginning of a longer one: a lone letter or digit is not."""
    return len(words[-1]) > 1


def _with_term_sqlite(workspace_id: str, words: list[str]) -> sa.Select[Any]:
    asked = f'"{" ".join(words)}"' + ("*" if _goes_on(words) else "")
    return (
        sa.select(_entry.c.conversation_id)
        .join_from(_words, _entry, _entry.c.id == _words.c.rowid)
        .where(sa.literal_column("search_words").op("MATCH")(asked), _entry.c.workspace_id == workspace_id)
    )


def _with_term_postgresql(workspace_id: str, words: list[str]) -> sa.CompoundSelect[Any]:
    asked = sa.func.to_tsquery("simple", " <-> ".join(words) + (":*" if _goes_on(words) else ""))
    said = sa.func.search_words(message.c.content).op("@@")(asked)
    head = sa.func.search_head(conversation.c.subject, conversation.c.external_id, conversation.c.requester)
    return sa.union_all(
        sa.select(message.c.conversation_id).where(message.c.workspace_id == workspace_id, said),
        sa.select(conversation.c.id).where(conversation.c.workspace_id == workspace_id, head.op("@@")(asked)),
    )
