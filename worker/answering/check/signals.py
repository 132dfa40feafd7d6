"""Count words that bound, widen, promise or deny, which are weighed beside the logit of the support model.

The model overlooks a condition that a sentence leaves out, and a small word that makes it hold of all. Each signal is a
number read off the sentence and the sentence of its passages that shares most words with it; the weights are in the
manifest of the support model (training/support/README.md).
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from kb import sentences
from worker.answering.check.negation import denies

_WIDENS = re.compile(
    r"\b(?:all|every|each|any(?! more\b| longer\b)|always|never|whatever|whenever|everything|everyone|anyone|no matter"
    r"|regardless|both|even|also|entire|full)\b",
    re.I,
)
_NARROWS = re.compile(r"\b(?:only|just|solely|exclusively|alone)\b", re.I)
_BOUNDS = re.compile(
    r"\b(?:if|unless|only|except|provided|as long as|at least|at most|must|who|when|until|before|after|within|once"
    r"|not)\b",
    re.I,
)
_PROMISES = re.compile(r"\b(?:we|i)(?:['’]ll| will| can| are going to)\b", re.I)


def of(premise: str, claim: str) -> dict[str, float]:
    """Return the signals of a sentence by name; it and its passages are in English."""
    closest = _closest(claim, premise)
    bounds, known_bounds = len(_BOUNDS.findall(claim)), len(_BOUNDS.findall(closest))
    return {
        "widened": _is_new(_WIDENS, claim, closest),
        "narrowed": _is_new(_NARROWS, claim, closest),
        "promised": _is_new(_PROMISES, claim, closest),
        "denial_left_out": float(denies(closest) and not denies(claim)),
        "bounds_left_out": float(max(0, known_bounds - bounds)),
        "bounds_added": float(max(0, bounds - known_bounds)),
    }


def weighed(weights: Mapping[str, float], premise: str, claim: str) -> float:
    """Return the sum of the signals by their weights, to be added to the log-odds; 0 without weights."""
    if not weights:
        return 0.0
    found = of(premise, claim)
    return sum(weight * found[name] for name, weight in weights.items())


def _is_new(pattern: re.Pattern[str], claim: str, closest: str) -> float:
    return float(pattern.search(claim) is not None and pattern.search(closest) is None)


def _closest(claim: str, premise: str) -> str:
    """Return the sentence of a premise that shares most content words with a claim, the shortest of equals."""
    wanted = _content(claim)
    return max(_sentences(premise), key=lambda text: (len(wanted & _content(text)), -len(text)), default="")


@lru_cache(maxsize=100)
def _sentences(premise: str) -> tuple[str, ...]:
    return tuple(premise[start:end] for start, end in sentences.split(premise))


@lru_cache(maxsize=2_000)
def _content(text: str) -> frozenset[str]:
    return sentences.content(sentences.without_contractions(text))
