"""How well the desk is served, over time."""

from typing import Any

import flask
from markupsafe import Markup

from web.console import plots
from web.console.site import REASONS, Page, blueprint
from web.http.api import services
from worker.conversations.reports import quality as report

_SPANS = (7, 30, 90)
_SAID = ("confirmed", "rejected", "reopened")


@blueprint.get("/quality")
def quality() -> Page:
    """Show what became of messages, what people said of it, what it cost, and how long it took."""
    days = flask.request.args.get("days", 30, type=int)
    days = days if days in _SPANS else 30
    found = report(services().store, flask.g.principal.workspace_id, days=days)
    told = found["days"]
    reasons = [reason for reason in REASONS if any(reason in one["handed_off"] for one in told)]
    return flask.render_template(
        "console/quality.html",
        drawn={**_plots(told, reasons), "Risk against coverage": _risk(found["curve"])},
        numbers=_numbers(told),
        days=days,
        spans=_SPANS,
        table=told,
        reasons_seen=reasons,
    )


def _numbers(told: list[dict[str, Any]]) -> dict[str, object]:
    """Return the figures of the whole span, by name."""

    def total(name: str) -> Any:
        return sum(one[name] for one in told)

    answered = total("answered")
    ended = answered + total("failed") + total("cancelled") + sum(sum(one["handed_off"].values()) for one in told)
    return {
        "messages": ended,
        "answered": f"{answered / ended:.0%}" if ended else "–",
        **{name: total(name) for name in _SAID},
        "cost": f"{total('cost_usd'):.2f} $",
    }


def _plots(told: list[dict[str, Any]], reasons: list[str]) -> dict[str, Markup]:
    """Return what is drawn over days, by title."""
    names = [one["day"] for one in told]
    outcomes = {
        "answered": [one["answered"] for one in told],
        "handed off": [sum(one["handed_off"].values()) for one in told],
        "failed or cancelled": [one["failed"] + one["cancelled"] for one in told],
    }
    handed_off = {REASONS[reason]: [one["handed_off"].get(reason, 0) for one in told] for reason in reasons}
    said = {name: [one[name] for one in told] for name in _SAID}
    latencies = {
        name: [one["latency_ms"][name] / 1_000 if one["latency_ms"] else None for one in told]
        for name in ("p50", "p95", "p99")
    }
    cost = {"cost": [one["cost_usd"] for one in told]}
    return {
        "What became of messages": plots.bars(names, outcomes, label="Messages by day and what became of them"),
        "Why they were handed off": plots.bars(
            names, handed_off or {"": [0] * len(told)}, label="Messages that were handed off, by day and reason"
        ),
        "What people said of answers": plots.bars(
            names, said, label="Answers that were confirmed, rejected and reopened, by day"
        ),
        "From question to answer": plots.lines(
            names, latencies, label="Seconds from acceptance to answer, percentiles by day", unit=" s"
        ),
        "What models cost": plots.bars(names, cost, label="US dollars by day", unit=" $"),
    }


def _risk(measured: list[dict[str, Any]]) -> Markup:
    """Return the curve of risk against coverage, where anything was rated."""
    points = [
        (
            one["coverage"],
            one["risk"],
            f"support from {one['support']:.2f}: {one['coverage']:.0%} answered, {one['risk']:.0%} rejected of "
            f"{one['rated']} rated",
        )
        for one in measured
        if one["risk"] is not None
    ]
    label = "Share of rated answers that were rejected, against the share of messages that were answered"
    return plots.curve(points, label=label)
