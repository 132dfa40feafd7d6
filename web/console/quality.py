"""How well the desk is served, over time."""

import flask

from web.api import services
from web.console import plots
from web.console.site import REASONS, Page, blueprint
from worker.reports import quality as report

_SPANS = (7, 30, 90)


@blueprint.get("/quality")
def quality() -> Page:
    """Show what became of messages, what people said of it, what it cost, and how long it took."""
    days = flask.request.args.get("days", 30, type=int)
    days = days if days in _SPANS else 30
    found = report(services().store, flask.g.principal.workspace_id, days=days)
    told, names = found["days"], [one["day"] for one in found["days"]]
    reasons = [reason for reason in REASONS if any(reason in one["handed_off"] for one in told)]
    answered = sum(one["answered"] for one in told)
    handed_off = {reason: sum(one["handed_off"].get(reason, 0) for one in told) for reason in reasons}
    ended = answered + sum(handed_off.values()) + sum(one["failed"] + one["cancelled"] for one in told)
    drawn = {
        "What became of messages": plots.bars(
            names,
            {
                "answered": [one["answered"] for one in told],
                "handed over": [sum(one["handed_off"].values()) for one in told],
                "failed or cancelled": [one["failed"] + one["cancelled"] for one in told],
            },
            label="Messages by day and what became of them",
        ),
        "Why they were handed over": plots.bars(
            names,
            {REASONS[reason]: [one["handed_off"].get(reason, 0) for one in told] for reason in reasons}
            or {"": [0] * days},
            label="Messages that were handed over, by day and reason",
        ),
        "What people said of answers": plots.bars(
            names,
            {name: [one[name] for one in told] for name in ("confirmed", "rejected", "reopened")},
            label="Answers that were confirmed, rejected and reopened, by day",
        ),
        "From question to answer": plots.lines(
            names,
            {
                name: [one["latency_ms"][name] / 1_000 if one["latency_ms"] else None for one in told]
                for name in ("p50", "p95", "p99")
            },
            label="Seconds from acceptance to answer, percentiles by day",
            unit=" s",
        ),
        "What models cost": plots.bars(
            names, {"cost": [one["cost_usd"] for one in told]}, label="US dollars by day", unit=" $"
        ),
        "Risk against coverage": plots.curve(
            [
                (
                    one["coverage"],
                    one["risk"],
                    f"support from {one['support']:.2f}: {one['coverage']:.0%} answered, {one['risk']:.0%} rejected of "
                    f"{one['rated']} rated",
                )
                for one in found["curve"]
                if one["risk"] is not None
            ],
            label="Share of rated answers that were rejected, against the share of messages that were answered",
        ),
    }
    numbers = {
        "messages": ended,
        "answered": f"{answered / ended:.0%}" if ended else "–",
        "confirmed": sum(one["confirmed"] for one in told),
        "rejected": sum(one["rejected"] for one in told),
        "reopened": sum(one["reopened"] for one in told),
        "cost": f"{sum(one['cost_usd'] for one in told):.2f} $",
    }
    return flask.render_template(
        "console/quality.html", drawn=drawn, numbers=numbers, days=days, spans=_SPANS, table=told, reasons_seen=reasons
    )
