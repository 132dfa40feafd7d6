"""Compare lists of names: "in the EU, Norway, Iceland and Switzerland" adds one to "the EU, Norway and Iceland"."""

import re

from kb import sentences
from worker.answering.check.negation import denies

_NAME = r"[A-Z][\w'’&.-]*(?:\s[A-Z][\w'’&.-]*)*"
_BETWEEN = r"(?:,\s+(?:and\s+|or\s+)?|\s+(?:and|or|as well as|&)\s+)(?:the\s+)?"
_LIST = re.compile(rf"\b{_NAME}(?:{_BETWEEN}{_NAME})+")
_MIN_NAMES = 3


def first_added(claim: str, sources: str) -> str | None:
    """Return a name that a claim lists with others, where a sentence of the sources has all of the others alone.

    None when there is none, or when a sentence has all of them. Lists of two names are not compared.
    """
    if denies(claim):
        return None
    texts = [sources[start:end].lower() for start, end in sentences.split(sources)]
    for found in _LIST.finditer(claim):
        names = [name.rstrip(".").lower() for name in re.split(_BETWEEN, found[0])]
        if len(names) < _MIN_NAMES:
            continue
        missing = min(([name for name in names if not _has(text, name)] for text in texts), key=len, default=[])
        if len(missing) == 1:
            return missing[0]
    return None


def _has(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}", text) is not None
