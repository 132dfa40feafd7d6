"""What asks nothing gets a word in return; what asks anything is answered or handed off as ever."""

import pytest

from tests.support.fakes import FakeAnswerer, FakeSearch, hit
from worker.answering.agent import Agent
from worker.answering.question import Question, Turn
from worker.answering.triage.small_talk import reply_to
from worker.conversations.outcomes import Answer, Handoff


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Hi", "Hello!"),
        ("hello there!", "Hello!"),
        ("Good morning", "Hello!"),
        ("Thanks!", "You are welcome."),
        ("ok, thank you very much :)", "You are welcome."),
        ("Great, thanks", "You are welcome."),
        ("Are you there?", "Yes."),
        ("Guten Tag", "Hallo!"),
        ("Vielen Dank!", "Gern geschehen."),
        ("Merci beaucoup", "Avec plaisir."),
        ("Bonjour", "Bonjour"),
        ("gracias", "De nada."),
        *((text, "Salve!") for text in ("Buongiorno", "Ciao!", "buona sera", "Salve")),
        *((text, "Prego.") for text in ("Grazie mille!", "ok, grazie", "Molte grazie", "La ringrazio.")),
        *((text, "Sì.") for text in ("C'è qualcuno?", "c’è nessuno?", "Ciao, siete lì?")),
        *((text, "Hallo! Waarmee") for text in ("Hoi", "Goedemorgen!", "goede middag", "Dag")),
        *((text, "Graag gedaan.") for text in ("Bedankt!", "dank u wel", "Dankjewel", "ok, hartelijk dank")),
        *((text, "Ja. Waarmee") for text in ("Is er iemand?", "Bent u er nog?", "Hallo, is daar iemand?")),
        *((text, "Olá!") for text in ("Olá", "ola", "Oi", "Bom dia!", "Olá, boa tarde")),
        *((text, "De nada.") for text in ("Obrigada!", "muito obrigado", "ok, obrigado", "Valeu!")),
        *((text, "Sim.") for text in ("Tem alguém aí?", "Há alguém aí?", "Oi, alguém aí?")),
        *((text, "Dzień dobry!") for text in ("Dzień dobry", "dzien dobry", "Cześć!", "Witam")),
        *((text, "Nie ma za co.") for text in ("Dziękuję bardzo!", "dzieki", "Wielkie dzięki", "dziękuję za pomoc")),
        *((text, "Tak.") for text in ("Jest tam ktoś?", "Halo, czy jest tu ktoś?", "ktoś tam jest?")),
        ("Hallo, ist da jemand?", "Ja. Wobei"),
    ],
)
def test_a_greeting_and_thanks_are_reply_to(text, word):
    assert reply_to(text).startswith(word)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Hi, where is my parcel?",
            "Thanks, but it still does not work",
            "Hello I want a refund",
            "thank you for nothing",
        ),
        *("Ciao, dov'è il mio pacco?", "Grazie, ma non funziona", "Bedankt, maar het werkt niet", "Dag van levering?"),
        *("Olá, quero um reembolso", "Obrigado por nada", "Dzień dobry, gdzie jest paczka?", "Ktoś ukradł paczkę"),
        *("Is er iemand die kan helpen met retour?", "Tem alguém aí para cancelar o pedido 12?", "Dank u voor niets"),
        *("ok", "no", "?", "", "Hilfe!", "Help", "hi " * 40, "Is there anybody who can refund me?"),
    ],
)
def test_whatever_may_ask_something_is_not_taken_for_small_talk(text):
    assert reply_to(text) is None


def ask(content, *turns, hits=()):
    agent = Agent(knowledge=FakeSearch(list(hits)), answerer=FakeAnswerer("Delete cookies in the browser [1]."))
    said = tuple(Turn(seq=number, role="customer", content=one) for number, one in enumerate(turns, 1))
    return agent.answer(Question(workspace_id="ws", content=content, turns=said))


def test_who_says_hello_first_still_gets_the_bot():
    outcome = ask("Hi")
    assert isinstance(outcome, Answer)
    assert outcome.citations == ()
    assert outcome.answerer == "courtesy"


def test_thanks_are_not_answered_with_what_was_asked_before():
    outcome = ask("Thanks!", "How do I delete cookies?", hits=[hit("You can delete cookies in the browser.")])
    assert outcome.content == "You are welcome."


def test_an_alarm_comes_before_small_talk():
    assert isinstance(ask("Hello, I want to talk to a human"), Handoff)
