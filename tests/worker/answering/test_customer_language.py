"""The language that a customer is spoken to: of the message, else of the conversation, else of the desk."""

import pytest

from worker.answering import customer_language
from worker.answering.question import Question, Turn
from worker.voice.voice import Voice


def asked(content: str, *earlier: str, desk: tuple[str, ...] = ()) -> Question:
    turns = tuple(Turn(seq=number, role="customer", content=text) for number, text in enumerate(earlier, 1))
    return Question(workspace_id="ws", content=content, turns=turns, voice=Voice(languages=desk))


@pytest.mark.parametrize(
    ("content", "language"),
    [
        ("Ile kosztuje wysyłka?", "pl"),
        ("Hoe kan ik betalen?", "nl"),
        ("Como posso pagar?", "pt"),
        ("Annulla l'ordine 1002", "it"),
        ("Was kostet der Versand?", "de"),
        ("How can I pay?", "en"),
        (
            "配送需要多长时间？我昨天下的订单，请告诉我什么时候可以收到包裹，谢谢。还有，我可以退货吗？",
            "en",
        ),
    ],
)
def test_a_message_says_it_itself(content, language):
    assert customer_language.of(asked(content)) == language


def test_a_short_message_is_in_the_language_of_the_conversation():
    assert customer_language.of(asked("ok", "Bitte stornieren Sie meine Bestellung 1002")) == "de"
    assert customer_language.of(asked("1002", "Ile kosztuje wysyłka?", desk=("de",))) == "pl"


def test_a_customer_may_change_the_language():
    question = asked("How long does the delivery to Berlin take?", "Was kostet der Versand nach Berlin?", desk=("de",))
    assert customer_language.of(question) == "en"


def test_without_any_text_the_desk_s_first_language_counts():
    assert customer_language.of(asked("1002", desk=("ja", "fr", "de"))) == "fr"
    assert customer_language.of(asked("1002")) == "en"


def test_a_word_of_several_languages_is_taken_for_the_expected_one():
    assert customer_language.among(["de", "nl"], asked("Hallo", desk=("nl",))) == "nl"
    assert customer_language.among(["de", "nl"], asked("Hallo", desk=("fr",))) == "de"
    assert customer_language.among(["de"], asked("Moin", desk=("fr",))) == "de"
