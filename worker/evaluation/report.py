"""Render results as an HTML page: measures with intervals, plots, and differences from a baseline."""

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
<h1>Quality on {{ about.folder }}</h1>
<p>{% for name, value in about.items() %}{{ name }}: {{ value }}{{ "; " if not loop.last }}{% endfor %}.
Brackets hold 95 % confidence intervals (bootstrap).</p>
{% if differences %}
<h2>Against {{ baseline }}</h2>
<table><tr><th>measure<th>before<th>now<th>change<th></tr>
{% for row in differences %}<tr><td>{{ row.name }}<td class="n">{{ "%.4f"|format(row.a) }}<td class="n">
{{ "%.4f"|format(row.b) }}<td class="n">{{ "%+.4f"|format(row.change) }} [{{ "%+.4f"|format(row.low) }},
{{ "%+.4f"|format(row.high) }}]<td class="{{ row.verdict }}">{{ row.verdict }}</tr>
{% endfor %}</table>{% endif %}
<h2>Measures</h2>
<table><tr><th>measure<th>value<th>interval<th>items</tr>
{% for name, row in measures.items() %}<tr><td>{{ name }}<td class="n">{{ "%.4f"|format(row.value) }}<td class="n">
[{{ "%.4f"|format(row.low) }}, {{ "%.4f"|format(row.high) }}]<td class="n">{{ row.n }}</tr>
{% endfor %}</table>
{% for name, plot in plots.items() %}<h2>{{ name }}</h2><figure>{{ plot|safe }}</figure>{% endfor %}
</html>
"""


def page(results: Mapping[str, Any], *, differences: Sequence[Difference] = (), baseline: str = "") -> str:
    """Return the HTML page of results as `suites.to_json` gives them.

    Raises:
        ImportError: matplotlib, which draws the plots, is not installed (`pip install answerback[report]`).
    """
    plots = {name: plot(name, points) for name, points in results["curves"].items() if len(points) > 1}
    template = Environment(autoescape=True).from_string(_PAGE)
    return template.render(**results, plots=plots, differences=differences, baseline=baseline)


def plot(name: str, points: Sequence[Sequence[float]]) -> str:
    """Return an SVG plot of a curve of (x, y) points; its name is `subject: y against x`."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    subject, _, x_label = name.partition(" against ")
    figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    axes.plot([x for x, _y in points], [y for _x, y in points], color="#2f5f98")
    left = min(x for x, _y in points)
    axes.set(xlabel=x_label or "coverage", ylabel=subject.partition(": ")[2] or subject, ylim=(0, None))
    axes.set_xlim(0 if left < 0.5 else left - 0.02, 1)
    axes.grid(alpha=0.3)
    svg = io.StringIO()
    figure.savefig(svg, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    text = svg.getvalue()
    return text[text.index("<svg") :]


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Difference]:
    """Return the difference of each measure of run A from run B; measures of B alone are left out.

    A measure that B lacks, or has on less than half of A's items, is `missing`.
    """
    found = [
        compare(name, Measure.from_dict(a["measures"][name]), Measure.from_dict(b["measures"][name]))
        for name in a["measures"]
        if name in b["measures"]
    ]
    shared = {difference.name: difference for difference in found if difference is not None}
    return [
        shared[name]
        if name in shared and 2 * shared[name].n >= before["n"]
        else Difference(name=name, a=before["value"], b=float("nan"), low=0.0, high=0.0, n=0, verdict="missing")
        for name, before in a["measures"].items()
    ]
