"""Small plots as SVG, rendered by the server; their colours come from the style sheet."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 420, 150
_LEFT, _BOTTOM, _TOP = 44, 18, 8
_SERIES = 6


def bars(days: Sequence[str], series: Mapping[str, Sequence[float]], *, label: str, unit: str = "") -> Markup:
    """Return stacked bars, one for each day; each series has a value for each day."""
    totals = [sum(values) for values in zip(*series.values(), strict=True)]
    top = _round_up(max(totals, default=0))
    width = (_WIDTH - _LEFT) / max(1, len(days))
    drawn = []
    for index, day in enumerate(days):
        base = 0.0
        for number, (name, values) in enumerate(series.items()):
            value = values[index]
            if value:
                y, height = _y(base + value, top), _y(base, top) - _y(base + value, top)
                x, across = _LEFT + index * width + 1, max(1.0, width - 2)
                at = f'x="{x:.1f}" y="{y:.1f}" width="{across:.1f}" height="{height:.1f}"'
                title = f"{day}: {name} {_formatted(value)}{unit}"
                drawn.append(f'<rect class="s{number % _SERIES}" {at}><title>{escape(title)}</title></rect>')
            base += value
    return _framed(drawn, days, top, label, unit, list(series) if len(series) > 1 else [])


def lines(days: Sequence[str], series: Mapping[str, Sequence[float | None]], *, label: str, unit: str = "") -> Markup:
    """Return a line for each series; days without a value are left out."""
    top = _round_up(max((value for values in series.values() for value in values if value is not None), default=0))
    width = (_WIDTH - _LEFT) / max(1, len(days))
    drawn = []
    for number, (name, values) in enumerate(series.items()):
        points = [
            (_LEFT + (index + 0.5) * width, _y(value, top), day, value)
            for index, (day, value) in enumerate(zip(days, values, strict=True))
            if value is not None
        ]
        drawn += _line(number, name, points, unit)
    return _framed(drawn, days, top, label, unit, list(series))


def curve(points: Sequence[tuple[float, float, str]], *, label: str) -> Markup:
    """Return a curve through points (x, y, title) with both axes from 0 to 1."""
    scaled = [(_LEFT + x * (_WIDTH - _LEFT), _y(y, 1.0), title, None) for x, y, title in points]
    return _framed(_line(0, "", scaled, ""), ("0 %", "100 %"), 1.0, label, "", [], shares=True)


def _line(number: int, name: str, points: Sequence[tuple[float, float, str, float | None]], unit: str) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in points)
    drawn = [f'<polyline class="l{number % _SERIES}" points="{path}"/>'] if len(points) > 1 else []
    for x, y, day, value in points:
        title = day if value is None else f"{day}: {name} {_formatted(value)}{unit}"
        at = f'cx="{x:.1f}" cy="{y:.1f}" r="3"'
        drawn.append(f'<circle class="s{number % _SERIES}" {at}><title>{escape(title)}</title></circle>')
    return drawn


def _framed(
    drawn: Sequence[str],
    days: Sequence[str],
    top: float,
    label: str,
    unit: str,
    names: Sequence[str],
    *,
    shares: bool = False,
) -> Markup:
    ends = ("0 %", "100 %") if shares else ("0", f"{_formatted(top)}{unit}")
    frame = [
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{_y(0, top):.1f}" y2="{_y(0, top):.1f}"/>',
        f'<text x="{_LEFT - 4}" y="{_y(0, top):.1f}" text-anchor="end">{escape(ends[0])}</text>',
        f'<text x="{_LEFT - 4}" y="{_TOP + 10}" text-anchor="end">{escape(ends[1])}</text>',
    ]
    if days:
        frame.append(f'<text x="{_LEFT}" y="{_HEIGHT - 3}">{escape(days[0])}</text>')
        frame.append(f'<text x="{_WIDTH}" y="{_HEIGHT - 3}" text-anchor="end">{escape(days[-1])}</text>')
    svg = (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{''.join(frame)}{''.join(drawn)}</svg>"
    )
    legend = "".join(f'<li class="k{number % _SERIES}">{escape(name)}</li>' for number, name in enumerate(names))
    return Markup(svg + (f'<ul class="legend">{legend}</ul>' if legend else ""))  # noqa: S704 - all of it is escaped


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (value / top if top else 0) * (_HEIGHT - _BOTTOM - _TOP)


def _round_up(value: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten; 1 for 0."""
    if value <= 0:
        return 1.0
    step = 1e-6
    while True:
        for factor in (1, 2, 5):
            if value <= factor * step * (1 + 1e-9):
                return factor * step
        step *= 10


def _formatted(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
