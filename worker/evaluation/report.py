"""Results as a page that can be sent to somebody: figures with their intervals, plots, and what changed."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment

from worker.evaluation.measures import Difference, Measure, compare

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Answerback: {{ about.folder }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430 }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 } th, td { padding: .3rem .6rem; text-align: left }
th + th, td.n { text-align: right }
td.n { font-variant-numeric: tabular-nums } tr + tr { border-top: 1px solid #dde3ea }
.better { color: #0a6b3d } .worse { color: #b00020; font-weight: 600 } .bar { fill: #4d7fb8 } svg { max-width: 100% }
@media (prefers-color-scheme: dark) { body { background: #12161c; color: #dfe6ee } tr + tr { border-color: #333c47 }
 figure { background: #fff } .better { color: #5fd39b } .worse { color: #ff8a8a } }
</style>
<h1>How good it is on {{ about.folder }}</h1>
<p>{% for name, value in about.items() %}{{ name }}: {{ value }}{{ "; " if not loop.last }}{% endfor %}.
Brackets hold 95 % intervals (bootstrap).</p>
{% if differences %}
<h2>Against {{ baseline }}</h2>
<table><tr><th>measure<th>before<th>now<th>change<th></tr>
{% for one in differences %}<tr><td>{{ one.name }}<td class="n">{{ "%.4f"|format(one.a) }}<td class="n">
{{ "%.4f"|format(one.b) }}<td class="n">{{ "%+.4f"|format(one.change) }} [{{ "%+.4f"|format(one.low) }},
{{ "%+.4f"|format(one.high) }}]<td class="{{ one.verdict }}">{{ one.verdict }}</tr>
{% endfor %}</table>{% endif %}
<h2>Measures</h2>
<table><tr><th>measure<th>value<th>interval<th>items</tr>
{% for name, one in measures.items() %}<tr><td>{{ name }}<td class="n">{{ "%.4f"|format(one.value) }}<td class="n">
[{{ "%.4f"|format(one.low) }}, {{ "%.4f"|format(one.high) }}]<td class="n">{{ one.n }}</tr>
{% endfor %}</table>
{% for name, plot in plots.items() %}<h2>{{ name }}</h2><figure>{{ plot|safe }}</figure>{% endfor %}
</html>
"""


def page(results: Mapping[str, Any], *, differences: Sequence[Difference] = (), baseline: str = "") -> str:
    """Return the HTML page of results as `suites.as_json` gives them.

    Raises:
        ImportError: matplotlib, which draws the plots, is not installed (`pip install answerback[report]`).
    """
    plots = {name: plot(name, points) for name, points in results["curves"].items() if len(points) > 1}
    template = Environment(autoescape=True).from_string(_PAGE)
    return template.render(**results, plots=plots, differences=differences, baseline=baseline)


def plot(name: str, points: Sequence[Sequence[float]]) -> str:
    """Return a curve as SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    what, _, against = name.partition(" against ")
    figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    axes.plot([x for x, _y in points], [y for _x, y in points], color="#2f5f98")
    left = min(x for x, _y in points)
    axes.set(xlabel=against or "coverage", ylabel=what.partition(": ")[2] or what, ylim=(0, None))
    axes.set_xlim(0 if left < 0.5 else left - 0.02, 1)
    axes.grid(alpha=0.3)
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    text = drawn.getvalue()
    return text[text.index("<svg") :]


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Difference]:
    """Return how each measure of run B differs from that of run A; those of B alone are left out.

    A measure of A that B has not, or has on less than half of the items, is `missing`: nothing was shown of it.
    """
    found = [
        compare(name, Measure.from_dict(a["measures"][name]), Measure.from_dict(b["measures"][name]))
        for name in a["measures"]
        if name in b["measures"]
    ]
    shared = {one.name: one for one in found if one is not None}
    return [
        shared[name]
        if name in shared and 2 * shared[name].n >= before["n"]
        else Difference(name=name, a=before["value"], b=float("nan"), low=0.0, high=0.0, n=0, verdict="missing")
        for name, before in a["measures"].items()
    ]
