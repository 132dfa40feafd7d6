"""Plots are well-formed, to scale, and nothing in them is markup of a customer."""

from xml.etree import ElementTree

from web.console import plots


def drawn(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{markup}</div>")


def test_bars_stack_to_scale_and_say_their_values():
    root = drawn(plots.bars(["1 May", "2 May"], {"answered": [30, 10], "handed off": [10, 0]}, label="Messages"))
    bars = root.findall(".//rect")
    titles = [bar.findtext("title") for bar in bars]
    assert titles == ["1 May: answered 30", "1 May: handed off 10", "2 May: answered 10"]
    heights = [float(bar.get("height")) for bar in bars]
    assert abs(heights[0] - 3 * heights[1]) < 0.3
    assert abs(float(bars[1].get("y")) + heights[1] - float(bars[0].get("y"))) < 0.2  # on top of the other
    assert [item.text for item in root.findall(".//li")] == ["answered", "handed off"]


def test_days_without_a_value_are_no_points_of_a_line():
    root = drawn(plots.lines(["1", "2", "3"], {"p50": [1.0, None, 0.5]}, label="Seconds", unit=" s"))
    assert [point.findtext("title") for point in root.findall(".//circle")] == ["1: p50 1 s", "3: p50 0.5 s"]


def test_nothing_to_draw_is_a_frame():
    for markup in (plots.bars([], {}, label="Empty"), plots.lines(["1"], {"a": [None]}, label="Empty")):
        root = drawn(markup)
        assert root.find("svg").get("aria-label") == "Empty"
        assert not root.findall(".//rect") + root.findall(".//circle")


def test_names_are_escaped():
    evil = '"><script>alert(1)</script>'
    markup = plots.bars([evil], {evil: [1], "b": [1]}, label=evil, unit=evil)
    assert "<script" not in markup
    assert drawn(markup).find("svg").get("aria-label") == evil


def test_a_curve_has_both_axes_from_nothing_to_everything():
    root = drawn(plots.curve([(0.0, 0.0, "low"), (1.0, 1.0, "high")], label="Kept"))
    low, high = root.findall(".//circle")
    assert float(high.get("cx")) > float(low.get("cx"))
    assert float(high.get("cy")) < float(low.get("cy"))
    assert "100 %" in [text.text for text in root.findall(".//text")]
