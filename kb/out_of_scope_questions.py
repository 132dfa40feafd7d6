"""Questions that no knowledge base of a desk answers: kb/out_of_scope."""

from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent / "out_of_scope" / "questions.tsv"


@lru_cache(maxsize=1)
def by_language() -> dict[str, list[str]]:
    """Return the questions by their language, ISO 639-1."""
    texts: dict[str, list[str]] = {}
    for line in _FILE.read_text().splitlines():
        language, text = line.split("\t")
        texts.setdefault(language, []).append(text)
    return texts
