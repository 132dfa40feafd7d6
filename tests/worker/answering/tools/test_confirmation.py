"""Only a plain yes or no to what was asked counts as one."""

import re

import pytest

from worker.answering.tools.confirmation import parse_confirmation

ASKED = "Shall I cancel your order 1002? Please answer yes or no."
YES = """yes | Yes, please! | ok do it | Ja, bitte | y | 👍 | I confirm | please go ahead | Absolutely
yes, cancel order 1002 | yes cancel it please | Yes please, thank you | oui s'il vous plaît
ja, ich bestätige das | Oui, je confirme | sí, por favor | Sì, grazie | certo | sì, confermo | Ja graag | Akkoord
sim, por favor | Sim, confirmo | Tak, proszę | Tak, potwierdzam"""
NEITHER = """ok never mind | ok stop | ok, forget it | Ok wait | ok leave it | yes keep it | Sure, keep the order
ok thanks | yes I changed my mind | ja, lieber behalten | ok abbrechen | oui mais attendez | vale gracias
si j'avais su avant | yes? | yes, cancel order 1003 | No problem, go ahead | yes but not that one | ...
what would it cost | yes and could you also tell me when it arrives
ja nie wiem | tak, ale później | sì, ma non adesso | ja maar wacht even | sim, mas espere | dzięki | grazie | bedankt"""


@pytest.mark.parametrize("text", re.split(r" \| |\n", YES))
def test_a_yes_is_a_yes(text):
    assert parse_confirmation(text, asked=ASKED) is True


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "No thanks",
        "don't",
        "Nein danke",
        "no, keep it",
        "Nee, bedankt",
        "Não, obrigado",
        "Nie, dziękuję",
        "No grazie",
    ],
)
def test_a_no_is_a_no(text):
    assert parse_confirmation(text, asked=ASKED) is False


@pytest.mark.parametrize("text", ["", *re.split(r" \| |\n", NEITHER)])
def test_anything_else_is_neither(text):
    assert parse_confirmation(text, asked=ASKED) is None
