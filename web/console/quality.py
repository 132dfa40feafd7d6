"""The quality report: outcomes, ratings, cost and latency over time."""

from typing import Any

import flask
from markupsafe import Markup

from web.console import plots
from web.console.site import REASONS, Page, blueprint
from web.http.api import services
from web.http.auth import needs
from worker.access.permissions import Permission
from worker.conversations.reports import quality as report
from worker.states import HandoffReason

_SPANS = (7, 30, 90)
_FEEDBACK = ("confirmed", "rejected", "reopened")


@blueprint.get("/quality")
@needs(Permission.READ)
def quality() -> Page:
    """Show outcomes, ratings, cost and latency by day."""
    days = flask.request.args.get("days", 30, type=int)
    days = days if days in _SPANS else 30
    found = report(services().store, flask.g.principal.workspace_id, days=days)
    rows = found["days"]
    reasons = [reason for reason in REASONS if any(reason in day["handed_off"] for day in rows)]
    return flask.render_template(
        "console/quality.html",
        plots={
            **_plots(rows, reasons),
            "Risk against coverage, by support": _risk("support", found["curve"]),
            "Risk against coverage, by confidence": _risk("confidence", found["confidence_curve"]),
        },
        numbers=_totals(rows),
        days=days,
        spans=_SPANS,
        table=rows,
        reasons_seen=reasons,
    )


def _totals(days: list[dict[str, Any]]) -> dict[str, object]:
    """Return the totals of the whole period, by label."""

    def total(name: str) -> Any:
        return sum(day[name] for day in days)

    answered, clarified = total("answered"), total("clarified")
    handed_off = sum(sum(day["handed_off"].values()) for day in days)
    ended = answered + clarified + handed_off + total("failed") + total("cancelled")
    return {
        "messages": ended,
        "answered": f"{answered / ended:.0%}" if ended else "–",
        "asked back": clarified,
        "partly answered": total("partly_answered"),
        **{name: total(name) for name in _FEEDBACK},
        "first response on time": _on_time(days, "first_response"),
        "resolved on time": _on_time(days, "resolution"),
        "cost": f"${total('cost_usd'):.2f}",
    }


def _on_time(days: list[dict[str, Any]], target: str) -> str:
    """Return the share of a target of the service level that was reached, of all that ended or were missed."""
    reached, missed = (sum(day["sla"][target][name] for day in days) for name in ("reached", "missed"))
    return f"{reached / (reached + missed):.0%}" if reached + missed else "–"


def _plots(days: list[dict[str, Any]], reasons: list[HandoffReason]) -> dict[str, Markup]:
    """Return the plots over days, by title."""
    names = [day["day"] for day in days]
    outcomes = {
        "answered": [day["answered"] - day["partly_answered"] for day in days],
        "partly answered": [day["partly_answered"] for day in days],
        "asked back": [day["clarified"] for day in days],
        "handed off": [sum(day["handed_off"].values()) for day in days],
        "failed or cancelled": [day["failed"] + day["cancelled"] for day in days],
    }
    handed_off = {REASONS[reason]: [day["handed_off"].get(reason, 0) for day in days] for reason in reasons}
    feedback = {name: [day[name] for day in days] for name in _FEEDBACK}
    latencies = {
        name: [day["latency_ms"][name] / 1_000 if day["latency_ms"] else None for day in days]
        for name in ("p50", "p95", "p99")
    }
    targets = {
        f"{label}, {outcome}": [day["sla"][target][outcome] for day in days]
        for target, label in (("first_response", "first response"), ("resolution", "resolution"))
        for outcome in ("reached", "missed")
    }
    cost = {"cost": [day["cost_usd"] for day in days]}
    return {
        "Messages by outcome": plots.bars(names, outcomes, label="Messages by day and outcome"),
        "Handoffs by reason": plots.bars(
            names, handed_off or {"": [0] * len(days)}, label="Handoffs by day and reason"
        ),
        "Feedback on answers": plots.bars(names, feedback, label="Confirmed, rejected and reopened answers by day"),
        "Response time": plots.lines(
            names, latencies, label="Seconds from message to answer, percentiles by day", unit=" s"
        ),
        **(
            {"Service levels": plots.bars(names, targets, label="Targets reached and missed by day")}
            if any(map(any, targets.values()))
            else {}
        ),
        "Cost of models": plots.bars(names, cost, label="US dollars by day", unit=" USD"),
    }


def _risk(score: str, curve: list[dict[str, Any]]) -> Markup:
    """Return the plot of risk against coverage, over the points with rated answers."""
    points = [
        (
            point["coverage"],
            point["risk"],
            f"{score} from {point[score]:.2f}: {point['coverage']:.0%} answered, {point['risk']:.0%} rejected of "
            f"{point['rated']} rated",
        )
        for point in curve
        if point["risk"] is not None
    ]
    label = "Share of rejected among rated answers, against the share of answered messages"
    return plots.curve(points, label=label)
