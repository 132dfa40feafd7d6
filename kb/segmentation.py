"""Cut scripts that put no spaces between words into overlapping pairs of characters, as Lucene's CJK analyser does.

A word of Chinese has two characters mostly; a pair that is none is rare in the knowledge base and harms little.
"""

import re
import unicodedata
from itertools import pairwise

#: Han, Hiragana and Katakana (Chinese, Japanese); Thai, Lao, Myanmar and Khmer. Korean has spaces.
_UNSPACED = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ecd\u1000-\u103f\u1050-\u109d\u1780-\u17d3"
)
_RUN = re.compile(f"[{_UNSPACED}]+")


def segmented(text: str) -> str:
    """Return a text in which each run of characters of an unspaced script is cut into overlapping pairs."""
    return _RUN.sub(_pairs, text) if _RUN.search(text) else text


def is_unspaced(text: str) -> bool:
    """Whether a text has characters of a script that puts no spaces between words."""
    return _RUN.search(text) is not None


def _pairs(run: re.Match[str]) -> str:
    """Return the pairs of a run between spaces; marks that are no letters go, as no analyser keeps them in a word."""
    characters = [char for char in run[0] if unicodedata.category(char) != "Mn"]
    pairs = [first + second for first, second in pairwise(characters)]
    return f" {' '.join(pairs or characters)} "
