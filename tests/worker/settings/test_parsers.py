"""A wrong value of a setting is refused with what is expected."""

import pytest

from worker.errors import SettingsInvalid
from worker.settings import Settings, parsers


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
    ],
)
def test_a_wrong_value_is_refused(parse, text):
    with pytest.raises((ValueError, KeyError)):
        parse(text)


def test_a_right_value_becomes_what_the_program_uses():
    assert parsers.names("a, b,,c") == ("a", "b", "c")
    assert parsers.languages("EN, de") == ("en", "de")
    assert parsers.domains("Yours.example, @shop.example") == ("yours.example", "shop.example")
    assert parsers.rate_limit("off") is None
    assert parsers.switch("ON") is True
    assert parsers.prices("gpt=0.15/0.60") == (("gpt", 0.15, 0.6),)


def test_every_parser_that_refuses_says_what_it_expects():
    with pytest.raises(SettingsInvalid, match="ANSWERBACK_BURST must be `merge` or `each`, not 'x'"):
        Settings.from_env({"ANSWERBACK_BURST": "x"})
    assert all(expected for expected in parsers.EXPECTED.values())
