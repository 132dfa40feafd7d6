"""Find conversations by the words of their subject, their customer and what was said in them.

Words are compared without case and accents, and the last of a term may go on. Terms stand between spaces: the
words of one, such as those of an e-mail address, follow each other, and all terms are in the conversation, in any of
its messages. Migration 0031 makes what is searched: a full-text index on SQLite, the functions of two GIN indexes on
PostgreSQL. The words of a search are told apart and folded as the index was, since each database has rules of its own.
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

#: What PostgreSQL's functions drop from the words, and take for spaces; the rest are operators of its queries.
_ACCENTS = re.compile("[\u0300-\u036f]")
_SPACES = re.compile(r"[-<>_@./:+&#=?'’\\\0]+")

#: Pages that one transaction merges, so that writers wait for a fraction of a second, not for the whole.
_MERGED_PAGES = 500

#: What would end a phrase of SQLite's queries.
_QUOTES = re.compile('["\0]')

_changes = sa.text("SELECT total_changes()")

_entry = sa.table("search_entry", sa.column("id"), sa.column("workspace_id"), sa.column("conversation_id"))
_words = sa.table("search_words", sa.column("rowid"))


def matching(store: Store, workspace_id: str, search: str) -> sa.ColumnElement[bool]:
    """Return the condition that a conversation of a workspace has the words of a search, or its id."""
    in_workspace = conversation.c.workspace_id == workspace_id
    found: list[sa.Select[Any]] = [
        sa.select(conversation.c.id).where(in_workspace, conversation.c[name] == search) for name in _IDS
    ]
    with_term = _with_term_sqlite if store.is_sqlite else _with_term_postgresql
    each = [sa.select(with_term(workspace_id, term).subquery()) for term in _terms_of(search)]
    if each:
        found.append(sa.select(sa.intersect(*each).subquery()) if len(each) > 1 else each[0])
    return conversation.c.id.in_(sa.union_all(*found))


def forget_removed(store: Store) -> None:
    """Drop the words of erased conversations from SQLite's index, which keeps them until its segments are merged.

    PostgreSQL drops them with the rows, when it vacuums.
    """
    if not store.is_sqlite:
        return
    pages = -_MERGED_PAGES  # negative begins a merge of everything, positive goes on with it
    merging = True
    while merging:
        with store.begin() as tx:
            before = tx.execute(_changes).scalar_one()
            tx.exec_driver_sql("INSERT INTO search_words (search_words, rank) VALUES ('merge', ?)", (pages,))
            merging = tx.execute(_changes).scalar_one() - before > 1  # the command itself counts as one
        pages = _MERGED_PAGES


def _terms_of(search: str) -> list[str]:
    """Return the terms of a search that have a word."""
    return [term for term in search.split() if _WORD.search(_plain(term))][:_MAX_TERMS]


def _plain(term: str) -> str:
    """Return a term as PostgreSQL's functions fold it."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", term).lower()).replace("ς", "σ")


def _goes_on(term: str) -> bool:
    """Whether the last word of a term may be the beginning of a longer one: a lone letter or digit is not."""
    return len(_WORD.findall(_plain(term))[-1]) > 1


def _with_term_sqlite(workspace_id: str, term: str) -> sa.Select[Any]:
    # What was said is indexed as it was written: with its letters composed, decomposed or in another width.
    forms = dict.fromkeys(unicodedata.normalize(form, term) for form in ("NFC", "NFD", "NFKC"))
    ending = "*" if _goes_on(term) else ""
    asked = " OR ".join(f'"{_QUOTES.sub(" ", form)}"{ending}' for form in forms)
    return (
        sa.select(_entry.c.conversation_id)
        .join_from(_words, _entry, _entry.c.id == _words.c.rowid)
        .where(sa.literal_column("search_words").op("MATCH")(asked), _entry.c.workspace_id == workspace_id)
    )


def _with_term_postgresql(workspace_id: str, term: str) -> sa.CompoundSelect[Any]:
    words = " <-> ".join(f"'{word}'" for word in _SPACES.sub(" ", _plain(term)).split())
    asked = sa.func.to_tsquery("simple", words + (":*" if _goes_on(term) else ""))
    said = sa.func.search_words(message.c.content).op("@@")(asked)
    head = sa.func.search_head(conversation.c.subject, conversation.c.external_id, conversation.c.requester)
    return sa.union_all(
        sa.select(message.c.conversation_id).where(message.c.workspace_id == workspace_id, said),
        sa.select(conversation.c.id).where(conversation.c.workspace_id == workspace_id, head.op("@@")(asked)),
    )
