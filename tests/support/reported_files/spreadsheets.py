"""Workbooks: ranges, formats as shown, dates, merged cells, what is hidden, formulas."""

import io

from tests.support.reported_files import reported
from tests.support.reported_files.packages import STYLES, book, rows, strict

_PRICES = (("Service", "Price"), ("Standard", 4.95), ("Express", 9))


def _formats(*codes: str) -> str:
    """Return styles: cell style 1 is the first format code, and so on."""
    formats = "".join(f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>' for n, code in enumerate(codes))
    cells = "<xf/>" + "".join(f'<xf numFmtId="{164 + n}" applyNumberFormat="1"/>' for n in range(len(codes)))
    return STYLES.format(formats=formats, cells=cells)


@reported(".xlsx", "https://github.com/langgenius/dify/issues/1039", ["Standard", "4.95", "Express", "9"])
def range_stated_as_one_cell() -> bytes:
    return book(("Prices", rows(*_PRICES, before='<dimension ref="A1"/><sheetData>')))


@reported(".xlsx", "https://github.com/python-excel/xlrd/pull/107", ["Standard", "4.95", "Express"])
def range_stated_without_columns() -> bytes:
    return book(("Prices", rows(*_PRICES, before='<dimension ref="1:49"/><sheetData>')))


@reported(".xlsx", "https://github.com/pandas-dev/pandas/issues/39001", ["Standard", "Express"])
def range_stated_too_small() -> bytes:
    return book(("Prices", rows(*_PRICES, before='<dimension ref="A1:A2"/><sheetData>')))


@reported(".xlsx", "https://github.com/onyx-dot-app/onyx/pull/9727", ["Standard", "4.95"])
def colour_that_is_no_colour() -> bytes:
    styles = STYLES.format(formats="", cells="<xf/>").replace("<font/>", '<font><color rgb="red!"/></font>')
    return book(("Prices", rows(*_PRICES)), styles=styles)


@reported(".xlsx", "https://github.com/Benchling-Open-Source/allotropy/pull/301", ["Standard", "4.95"])
def fill_that_is_no_fill() -> bytes:
    styles = STYLES.format(formats="", cells="<xf/>").replace("<patternFill/>", "<unknownFill/>")
    return book(("Prices", rows(*_PRICES)), styles=styles)


@reported(".xlsx", "https://github.com/kz26/PyExcelerate/issues/34", ["Standard", "4.95"])
def workbook_without_styles() -> bytes:
    return book(("Prices", rows(*_PRICES)), styles=None)


@reported(".xlsx", "https://github.com/firecrawl/anydoc/issues/27", ["7.5%"], lacks=["0.075"])
def percentage_as_shown() -> bytes:
    return book(("Rates", rows(("Rate", "Value"), ("Fee", '<c s="1"><v>0.075</v></c>'))), styles=_formats("0.0%"))


@reported(".xlsx", "https://github.com/firecrawl/anydoc/issues/64", ["$56,701.03"], lacks=["56701.0309"])
def dollars_as_shown() -> bytes:
    sheet = rows(("Item", "Sum"), ("Rent", '<c s="1"><v>56701.0309278351</v></c>'))
    return book(("Costs", sheet), styles=_formats("&quot;$&quot;#,##0.00"))


@reported(".xlsx", "https://github.com/microsoft/markitdown/pull/2347", ["1,199.00 €"])
def euros_as_shown() -> bytes:
    sheet = rows(("Item", "Sum"), ("Phone", '<c s="1"><v>1199</v></c>'))
    return book(("Costs", sheet), styles=_formats("#,##0.00\\ [$€-407]"))


@reported(".xlsx", "https://github.com/dilshod/xlsx2csv/issues/120", ["00042"])
def article_number_with_leading_zeros() -> bytes:
    sheet = rows(("Article", "No."), ("Cable", '<c s="1"><v>42</v></c>'))
    return book(("Articles", sheet), styles=_formats("00000"))


@reported(".xlsx", "https://github.com/SheetJS/sheetjs/issues/608", ["12.23%"])
def percentage_of_the_built_in_format() -> bytes:
    styles = STYLES.format(formats="", cells='<xf/><xf numFmtId="10" applyNumberFormat="1"/>')
    return book(("Rates", rows(("Rate", "Value"), ("Tax", '<c s="1"><v>0.1223</v></c>'))), styles=styles)


@reported(".xlsx", "https://github.com/firecrawl/anydoc/issues/27", ["(1,250)"], lacks=["-1250"])
def negative_amount_in_brackets() -> bytes:
    sheet = rows(("Item", "Sum"), ("Credit", '<c s="1"><v>-1250</v></c>'))
    return book(("Costs", sheet), styles=_formats("#,##0;(#,##0)"))


@reported(".xlsx", "https://github.com/firecrawl/anydoc/issues/64", ["30 days"])
def unit_in_the_format() -> bytes:
    sheet = rows(("Item", "Time"), ("Returns", '<c s="1"><v>30</v></c>'))
    return book(("Times", sheet), styles=_formats("0&quot; days&quot;"))


@reported(".xlsx", "https://github.com/SheetJS/sheetjs/issues/1386", ["0.3"], lacks=["0.30000000000000004"])
def sum_of_floating_point_numbers() -> bytes:
    return book(("Sums", rows(("Item", "Sum"), ("Both", "<c><v>0.30000000000000004</v></c>"))))


@reported(".xlsx", "https://github.com/firecrawl/anydoc/issues/27", ["2026-03-15"])
def date_as_a_date() -> bytes:
    sheet = rows(("Event", "Day"), ("Sale", '<c s="1"><v>46096</v></c>'))
    return book(("Days", sheet), styles=_formats("mm/dd/yyyy"))


@reported(".xlsx", "https://github.com/woahdae/simple_xlsx_reader/pull/14", ["2026-03-15"])
def date_of_the_1904_system() -> bytes:
    sheet = rows(("Event", "Day"), ("Sale", '<c s="1"><v>44634</v></c>'))
    return book(("Days", sheet), styles=_formats("yyyy-mm-dd"), properties='<workbookPr date1904="1"/>')


@reported(".xlsx", "https://github.com/exceljs/exceljs/pull/2702", ["2026-03-15"])
def date_written_as_text_of_iso_8601() -> bytes:
    sheet = rows(("Event", "Day"), ("Sale", '<c s="1" t="d"><v>2026-03-15T00:00:00</v></c>'))
    return book(("Days", sheet), styles=_formats("yyyy-mm-dd"))


@reported(".xlsx", "https://github.com/PydPiper/pylightxl/pull/106", ["08:30", "17:00"])
def opening_hours() -> bytes:
    sheet = rows(
        ("Opens", "Closes"), ('<c s="1"><v>0.354166666666667</v></c>', '<c s="1"><v>0.708333333333333</v></c>')
    )
    return book(("Hours", sheet), styles=_formats("hh:mm"))


@reported(".xlsx", "https://github.com/wireservice/csvkit/issues/293", ["Shoes", "30 days", "Shoes", "14 days"])
def merged_cells_over_rows() -> bytes:
    sheet = rows(
        ("Goods", "Kind", "Time"),
        ("Shoes", "unworn", "30 days"),
        (None, "worn", "14 days"),
        after='</sheetData><mergeCells><mergeCell ref="A2:A3"/></mergeCells>',
    )
    return book(("Returns", sheet))


@reported(".xlsx", "https://github.com/docling-project/docling/issues/1939", ["Standard", "4.95"])
def merged_title_above_the_header() -> bytes:
    sheet = rows(
        ("Prices of 2026", None),
        *_PRICES,
        after='</sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells>',
    )
    return book(("Prices", sheet))


@reported(
    ".xlsx",
    "https://github.com/firecrawl/anydoc/issues/9",
    ["Visible row"],
    lacks=["Hidden row", "Hidden column"],
    counted={"hidden_rows": 1, "hidden_columns": 1},
)
def hidden_row_and_column() -> bytes:
    sheet = rows(
        ("Visible row", "Hidden column"),
        ("Hidden row", None),
        before='<cols><col min="2" max="2" hidden="1" width="9"/></cols><sheetData>',
    ).replace('<row r="2">', '<row r="2" hidden="1">')
    return book(("Sheet", sheet))


@reported(
    ".xlsx",
    "https://github.com/dtjohnson/xlsx-populate/issues/83",
    ["Total", "12"],
    lacks=["Internal margin"],
    counted={"hidden_rows": 1},
)
def rows_of_a_collapsed_group() -> bytes:
    sheet = rows(("Item", "Sum"), ("Internal margin", 4), ("Total", 12)).replace(
        '<row r="2">', '<row r="2" outlineLevel="1" hidden="1">'
    )
    return book(("Sheet", sheet))


@reported(
    ".xlsx",
    "https://github.com/yfedoseev/office_oxide/issues/193",
    ["Standard"],
    lacks=["HIDDENSHEET", "SECRETSHEET"],
    counted={"hidden_sheets": 2},
)
def hidden_and_very_hidden_sheets() -> bytes:
    return book(
        ("Prices", rows(*_PRICES)),
        ("Old", rows(("HIDDENSHEET",))),
        ("Secret", rows(("SECRETSHEET",))),
        states={"Old": "hidden", "Secret": "veryHidden"},
    )


@reported(".xlsx", "https://github.com/onyx-dot-app/onyx/issues/13353", ["5"], lacks=["SUM"])
def formula_with_a_stored_result() -> bytes:
    return book(("Sums", rows(("Item", "Sum"), ("Both", "<c><f>SUM(A1:A2)</f><v>5</v></c>"))))


@reported(
    ".xlsx",
    "https://github.com/infiniflow/ragflow/pull/19737",
    ["Both"],
    lacks=["CONCATENATE"],
    counted={"formulas": 1},
)
def formula_without_a_stored_result() -> bytes:
    return book(("Sums", rows(("Item", "Sum"), ("Both", "<c><f>CONCATENATE(A1,A2)</f></c>"))))


@reported(".xlsx", "https://github.com/rabanti-github/NanoXLSX/issues/25", ["ここは東京"], lacks=["トウキョウ"])
def furigana_of_a_cell() -> bytes:
    strings = '<si><t>ここは東京</t><rPh sb="3" eb="5"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></si>'
    return book(("Sheet", rows(('<c t="s"><v>0</v></c>',))), strings=strings)


@reported(".xlsx", "https://github.com/TheFirstAvenger/elixir-xlsx_parser/pull/7", ["Free for 30 days"])
def text_of_several_formats_in_a_cell() -> bytes:
    strings = "<si><r><t xml:space='preserve'>Free for </t></r><r><rPr><b/></rPr><t>30 days</t></r></si>"
    return book(("Sheet", rows(('<c t="s"><v>0</v></c>',))), strings=strings)


@reported(".xlsx", "https://github.com/LabKey/platform/pull/3360", ["Standard", "4.95"])
def strict_workbook() -> bytes:
    return strict(book(("Prices", rows(*_PRICES))))


@reported(".xlsx", "https://github.com/SheetJS/sheetjs/issues/1787", ["Standard", "Express"], lacks=["#REF!"])
def broken_reference_in_a_cell() -> bytes:
    sheet = rows(("Service", "Price"), ("Standard", '<c t="e"><v>#REF!</v></c>'), ("Express", 9))
    return book(("Prices", sheet))


@reported(".xlsx", "https://github.com/shuchkin/simplexlsx/issues/15", ["Standard", "Express"])
def cells_without_references() -> bytes:
    sheet = (
        '<sheetData><row><c t="inlineStr"><is><t>Service</t></is></c><c t="inlineStr"><is><t>Price</t></is></c></row>'
        '<row><c t="inlineStr"><is><t>Standard</t></is></c><c><v>4.95</v></c></row>'
        '<row><c t="inlineStr"><is><t>Express</t></is></c><c><v>9</v></c></row></sheetData>'
    )
    return book(("Prices", sheet))


@reported(".xlsx", "https://github.com/Bevel-Software/Hexis/pull/86", ["Do you ship abroad?", "Yes"])
def last_row_of_the_sheet_is_formatted() -> bytes:
    sheet = rows(("Question", "Answer"), ("Do you ship abroad?", "Yes"), after="")
    return book(("FAQ", sheet + '<row r="1048576"><c r="A1048576" s="0"/></row></sheetData>'))


@reported(".ods", "https://github.com/unslothai/unsloth/pull/5510", ["2026-03-15", "true"])
def cells_with_typed_values_alone() -> bytes:
    from tests.support.reported_files.open_documents import spreadsheet

    return spreadsheet(
        '<table:table-row><table:table-cell office:value-type="date" office:date-value="2026-03-15"/>'
        '<table:table-cell office:value-type="boolean" office:boolean-value="true"/></table:table-row>'
    )


@reported(".xlsx", "https://github.com/gramener/gramex/pull/656", ["Opening hours: 9 to 17"])
def single_cell() -> bytes:
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.active["A1"] = "Opening hours: 9 to 17"
    made = io.BytesIO()
    workbook.save(made)
    return made.getvalue()
