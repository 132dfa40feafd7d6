"""The page of a backtest: self-contained HTML without scripts, to be mailed and printed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment

from worker.backtest.closeness import FACTS_SHARE
from worker.backtest.past_tickets import BadRow
from worker.backtest.results import Ending, Result
from worker.backtest.summary import BINS, worst_first

#: Tickets and rows that the page shows; the files beside it have all.
_MAX_ANSWERS = 200
_MAX_OF_REASON = 50
_MAX_BAD_ROWS = 50

_ENDINGS = {
    Ending.ANSWERED: ("would have been answered", "a reply with sources, sent at once"),
    Ending.ASKED_BACK: ("would have been asked back", "the customer chooses which of several articles they mean"),
    Ending.COURTESY: ("needed no answer", "thanks, a greeting, or a question about the assistant"),
    Ending.HANDED_OFF: ("would have gone to a human", "with the reason and a summary"),
    Ending.AUTOMATIC: ("were automatic mail", "out-of-office replies, bounces and the like get no answer"),
    Ending.FAILED: ("could not be processed", "an error of the assistant; they would have gone to a human"),
}

_REASONS = {
    "no_answer": "the documents have no answer",
    "low_support": "the draft was not supported by the documents",
    "asked_for_person": "the customer asked for a human",
    "rule": "an escalation rule, such as danger, legal steps or a compromised account",
    "avoided_topic": "a topic that the assistant does not speak of",
    "language": "a language that the assistant does not answer in",
    "error": "the language model failed",
    "deadline": "the deadline passed",
}


def page(
    *,
    about: Mapping[str, Any],
    figures: Mapping[str, Any],
    results: Sequence[Result],
    bad_rows: Sequence[BadRow],
) -> str:
    """Return the page; `about` describes the run, and `figures` are those of `summary`."""
    environment = Environment(autoescape=True, trim_blocks=True)
    template = resources.files("worker.backtest").joinpath("page.html").read_text(encoding="utf-8")
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    return environment.from_string(template).render(
        about=about,
        figures=figures,
        endings=[
            (label, note, figures["endings"][ending])
            for ending, (label, note) in _ENDINGS.items()
            if figures["endings"][ending]
        ],
        reasons=_by_reason(results),
        bins=_bars(figures["closeness"]["bins"]) if figures["closeness"] else [],
        worst=worst_first(results),
        bad_rows=bad_rows,
        facts_share=FACTS_SHARE,
        max_answers=_MAX_ANSWERS,
        max_of_reason=_MAX_OF_REASON,
        max_bad_rows=_MAX_BAD_ROWS,
        percent=lambda value: f"{100 * value:.0f} %",
        titles=lambda result: list(dict.fromkeys(source["title"] for source in result.sources)),
    )


def _by_reason(results: Sequence[Result]) -> list[tuple[str, str, list[Result], int]]:
    """Return the tickets that were handed off by reason: its name, label, tickets and their number, most first."""
    found: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.ending == Ending.HANDED_OFF:
            found[result.reason or "unknown"].append(result)
    rows = [(reason, _REASONS.get(reason, reason), those, len(those)) for reason, those in found.items()]
    return sorted(rows, key=lambda row: row[3], reverse=True)


def _bars(counts: Sequence[int]) -> list[dict[str, Any]]:
    top = max(counts) or 1
    return [
        {"count": count, "height": round(120 * count / top), "label": f"{number / BINS:.1f}–{(number + 1) / BINS:.1f}"}
        for number, count in enumerate(counts)
    ]
