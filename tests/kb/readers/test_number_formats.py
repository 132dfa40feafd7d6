"""Numbers look as their format shows them."""

import pytest

from kb.readers.number_formats import formatted, plain

_ACCOUNTING = '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-'


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (0.075, "0.0%", "7.5%"),
        (56701.0309, '"$"#,##0.00', "$56,701.03"),
        (1199, "#,##0.00\\ [$€-407]", "1,199.00 €"),
        (42, "00000", "00042"),
        (-1250, "#,##0;(#,##0)", "(1,250)"),
        (-5, "0.00", "-5.00"),
        (30, '0" days"', "30 days"),
        (1234567, '#,##0,"K"', "1,235K"),
        (5, "0.##", "5"),
        (1234.5, "[Red]#,##0.0", "1,234.5"),
        (12.5, _ACCOUNTING, "12.50 €"),
        (0, _ACCOUNTING, "- €"),
        (301234567, "(000) 000-0000", "(030) 123-4567"),
        (0.5, "# ?/?", "0.5"),
        (1500, "0.0E+00", "1500"),
        (7, "[>=100]0;0.00", "7"),
        (2.5, "0", "3"),
        (4.95, "General", "4.95"),
        (4.95, "", "4.95"),
    ],
)
def test_a_number_looks_as_its_format_shows_it(value, code, expected):
    assert formatted(value, code) == expected


def test_a_number_without_a_format_has_no_noise_and_no_exponent():
    assert [plain(number) for number in (0.30000000000000004, 3.0, 1e20, 0.00001234)] == [
        "0.3", "3", "100000000000000000000", "0.00001234"
    ]  # fmt: skip
