"""Files of every format that can be read, made as people's programs make them."""

import io
from collections.abc import Sequence


def pdf(pages: Sequence[Sequence[tuple[str, int]]], *, password: str | None = None) -> bytes:
    """Return a PDF; each page is lines of (text, size of type)."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen import canvas

    made = io.BytesIO()
    page = canvas.Canvas(made, pagesize=A4, encrypt=password)
    for lines in pages:
        y = 800
        for text, size in lines:
            page.setFont("Helvetica", size)
            page.drawString(60, y, text)
            y -= 2.2 * size if size > 11 else 1.2 * size
        page.showPage()
    page.save()
    return made.getvalue()


def word() -> bytes:
    """Return a Word document with headings, a list and a table."""
    import docx

    document = docx.Document()
    document.add_heading("Warranty", 0)
    document.add_paragraph("Every device has a warranty of two years.")
    document.add_heading("How to claim", 1)
    document.add_paragraph("Pack the device.", style="List Bullet")
    document.add_paragraph("Send it to us.", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip((*table.rows[0].cells, *table.rows[1].cells), ("Part", "Years", "Battery", "1"), strict=True):
        cell.text = text
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def slides() -> bytes:
    """Return a presentation: a slide with points, a hidden one, and one without a title."""
    import pptx

    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Returns"
    first.placeholders[1].text = "Free for 30 days.\nUse the label in the box."
    first.notes_slide.notes_text_frame.text = "Do not tell them about the outlet."
    hidden = deck.slides.add_slide(deck.slide_layouts[1])
    hidden.shapes.title.text = "Internal"
    hidden.placeholders[1].text = "The margin is 40 percent."
    hidden._element.set("show", "0")
    last = deck.slides.add_slide(deck.slide_layouts[6])
    last.shapes.add_textbox(0, 0, 100, 100).text_frame.text = "Ask us anything."
    made = io.BytesIO()
    deck.save(made)
    return made.getvalue()


def workbook() -> bytes:
    """Return a workbook: prices, questions, and a hidden sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    prices = book.active
    prices.title = "Prices"
    for row in (("Service", "Price", "Days"), ("Standard", 4.95, 3), ("Express", 9.0, 1)):
        prices.append(row)
    faq = book.create_sheet("FAQ")
    for row in (("Question", "Answer"), ("Do you ship abroad?", "Yes, to all of Europe.")):
        faq.append(row)
    secret = book.create_sheet("Secret")
    secret.append(("margin", 0.4))
    secret.sheet_state = "hidden"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()
