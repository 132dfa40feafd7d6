"""A wrong value of a setting is refused with what is expected."""

import pytest

from worker.errors import SettingsInvalid
from worker.settings import Settings, parsers


def _takes_numbers(parse):
    try:
        return isinstance(parse("1"), float | int) and not isinstance(parse("1"), bool)
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parsers.positive_number, "0"),
        (parsers.positive_number, "inf"),
        (parsers.number, "-1"),
        (parsers.positive_integer, "0"),
        (parsers.integer, "-1"),
        (parsers.port, "65536"),
        (parsers.switch, "perhaps"),
        (parsers.one_of("a", "b"), "c"),
        (parsers.languages, "english"),
        (parsers.languages, "en,d3"),
        (parsers.domains, "*.yours.example"),
        (parsers.domains, "ann@yours.example"),
        (parsers.networks, "10.0.0.0/33"),
        (parsers.rate_limit, "600/fortnight"),
        (parsers.mail_url, "http://mail"),
        (parsers.conversation_url, "https://desk.example/"),
        (parsers.http_url, "ftp://x"),
        (parsers.prices, "model=1/-1"),
        (parsers.prices, "model=nan/1"),
        (parsers.prices, "model=1/inf"),
        (parsers.prices, "model=1e300/1"),
        (parsers.budgets, "day=0usd"),
        (parsers.budgets, f"day={'9' * 400}usd"),
        (parsers.budgets, f"day={'9' * 20}tokens"),
        (parsers.hours, "1e300"),
        (parsers.hours, "87601"),
        (parsers.hours, "-1"),
        (parsers.timeout, "1e308"),
        (parsers.timeout, "1e-300"),
        (parsers.timeout, "0"),
        (parsers.timeout, "601"),
        (parsers.endpoint_key, "schlüssel"),
        (parsers.endpoint_key, "sk two"),
        (parsers.endpoint_key, "sk\x00"),
        (parsers.endpoint_key, ""),
    ],
)
def test_a_wrong_value_is_refused(parse, text):
    with pytest.raises((ValueError, KeyError)):
        parse(text)


@pytest.mark.parametrize("parse", [parse for parse in parsers.EXPECTED if _takes_numbers(parse)])
@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e300", "-1"])
def test_no_number_is_accepted_that_arithmetic_or_the_database_would_fail_at(parse, text):
    with pytest.raises((ValueError, KeyError)):
        parse(text)


def test_a_right_value_becomes_what_the_program_uses():
    assert parsers.names("a, b,,c") == ("a", "b", "c")
    assert parsers.languages("EN, de") == ("en", "de")
    assert parsers.domains("Yours.example, @shop.example") == ("yours.example", "shop.example")
    assert parsers.rate_limit("off") is None
    assert parsers.switch("ON") is True
    assert (parsers.hours("0"), parsers.hours("87600")) == (0, 87_600)
    assert (parsers.timeout("0.1"), parsers.timeout("600")) == (0.1, 600)
    assert parsers.endpoint_key("sk-proj_A/b+c=") == "sk-proj_A/b+c="
    assert parsers.prices("gpt=0.15/0.60") == (("gpt", 0.15, 0.6),)


def test_every_parser_that_refuses_says_what_it_expects():
    with pytest.raises(SettingsInvalid, match="ANSWERBACK_BURST must be `merge` or `each`, not 'x'"):
        Settings.from_env({"ANSWERBACK_BURST": "x"})
    assert all(expected for expected in parsers.EXPECTED.values())
