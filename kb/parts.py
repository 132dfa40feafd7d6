"""Cut a long query into parts that are searched each for itself.

An embedding model makes one vector of a text, and reads its beginning alone: a question inside a long letter is lost in
what is told around it.
"""

from collections.abc import Iterator

from kb import sentences

#: A query of at most this many characters is searched as one.
LONG = 240

#: Parts that are searched at most, beside the whole: docs/quality.md has what was tried.
MAX_PARTS = 8

#: A sentence that is longer, or a text without full stops, is cut between words.
_MAX_CHARACTERS = 320

#: Sentences with fewer words that carry a subject belong to the one before: "Is that possible?"
_MIN_CONTENT_WORDS = 2


def of(query: str) -> list[str]:
    """Return the parts of a query in their order: its sentences, joined evenly where there are more than MAX_PARTS.

    A short query, or one that cannot be cut, has none.
    """
    if len(query) <= LONG:
        return []
    clauses = list(_clauses(query))
    at_once = -(-len(clauses) // MAX_PARTS)
    joined = [" ".join(clauses[begin : begin + at_once]) for begin in range(0, len(clauses), at_once or 1)]
    return joined if len(joined) > 1 else []


def _clauses(query: str) -> Iterator[str]:
    """Yield the sentences, each with those after it that carry no subject of their own."""
    clause = ""
    for start, end in sentences.split(query):
        for number, piece in enumerate(_cut(query[start:end])):
            if clause and (number or len(sentences.content(piece)) >= _MIN_CONTENT_WORDS):
                yield clause
                clause = piece
            else:
                clause = f"{clause} {piece}".strip()
    if clause:
        yield clause


def _cut(sentence: str) -> Iterator[str]:
    while len(sentence) > _MAX_CHARACTERS:
        at = sentence.rfind(" ", _MAX_CHARACTERS // 2, _MAX_CHARACTERS)
        at = at if at > 0 else _MAX_CHARACTERS
        yield sentence[:at].strip()
        sentence = sentence[at:].strip()
    yield sentence
