"""An answer in another language than the articles is checked by what reads both, or not sent."""

import pytest

from tests.support.fakes import FakeAnswerer, FakeSearch, hit
from worker.answering.agent import Agent
from worker.answering.chat_api.errors import ModelError
from worker.answering.check.answer_languages import gap, language_beside
from worker.answering.check.judge import Judgement
from worker.answering.check.support import best_support, is_refuted
from worker.answering.question import Question
from worker.answering.questions.gate import OPEN
from worker.conversations.outcomes import Answer, Handoff
from worker.states import HandoffReason

ENGLISH = hit(
    "You can return unused items within 30 days of delivery. A return label costs €3.90. "
    "We refund the money within five working days. Write to help@shop.example, from 9:00 to 17:30."
)
GERMAN = hit(
    "Sie können unbenutzte Artikel innerhalb von 30 Tagen zurücksenden. Das Rücksendeetikett kostet 3,90 €. "
    "Wir erstatten das Geld innerhalb von fünf Werktagen."
)


class Reads:
    """A support model of some languages that finds everything supported."""

    def __init__(self, *languages: str) -> None:
        self.languages = frozenset(languages)
        self.asked = 0

    def __call__(self, _premise: str, _claim: str, _question: str) -> float:
        self.asked += 1
        return 0.97


TRUE = [
    "Unbenutzte Artikel nehmen wir innerhalb von 30 Tagen nach der Lieferung zurück.",
    "Das Etikett kostet 3,90 €.",
    "Sie haben dreißig Tage Zeit, die Ware zurückzuschicken.",
    "Vous disposez de trente jours pour renvoyer un article.",
    "Le remboursement arrive en cinq jours ouvrés.",
    "Rimborsiamo entro cinque giorni lavorativi.",
    "Puede devolver los artículos en 30 días.",
    "Je kunt ongebruikte artikelen binnen 30 dagen terugsturen.",
    "Pode devolver artigos não usados no prazo de 30 dias.",
    "Nieużywane produkty można zwrócić w ciągu 30 dni.",
    "Écrivez-nous à help@shop.example.",
    "Schreiben Sie uns zwischen 9 Uhr und 17.30 Uhr.",
]
FALSE = [
    "Unbenutzte Artikel nehmen wir innerhalb von 40 Tagen nach der Lieferung zurück.",
    "Das Etikett kostet 4,90 €.",
    "Sie haben zwanzig Tage Zeit, die Ware zurückzuschicken.",
    "Vous disposez de trente heures pour renvoyer un article.",
    "Le remboursement arrive en trois jours ouvrés.",
    "Rimborsiamo entro cinque settimane.",
    "Puede devolver los artículos en 30 meses.",
    "Je kunt ongebruikte artikelen binnen 30 uur terugsturen.",
    "Pode devolver artigos não usados no prazo de 60 dias.",
    "Nieużywane produkty można zwrócić w ciągu 30 tygodni.",
    "Écrivez-nous à aide@shop.example.",
    "Schreiben Sie uns zwischen 8 Uhr und 17.30 Uhr.",
]


@pytest.mark.parametrize("claim", TRUE)
def test_a_model_that_reads_both_languages_decides(claim):
    found = best_support(claim, [1], [ENGLISH], entailment=Reads("en", "de", "fr", "it", "es", "nl", "pt", "pl"))
    assert found is not None
    assert not is_refuted(claim, [ENGLISH], question="")


@pytest.mark.parametrize("claim", FALSE)
def test_quantities_and_links_are_compared_across_languages(claim):
    model = Reads("en", "de", "fr", "it", "es", "nl", "pt", "pl")
    assert best_support(claim, [1], [ENGLISH], entailment=model) is None
    assert model.asked == 0
    assert is_refuted(claim, [ENGLISH], question="")


@pytest.mark.parametrize("claim", TRUE)
def test_the_model_that_reads_english_is_not_asked_about_other_languages(claim):
    model = Reads("en")
    assert best_support(claim, [1], [ENGLISH], entailment=model) is None
    assert model.asked == 0


def test_an_english_answer_from_german_articles_is_not_for_a_model_of_english():
    model = Reads("en")
    claim = "You can return unused items within 30 days, and the label costs €3.90."
    assert best_support(claim, [1], [GERMAN], entailment=model) is None
    assert model.asked == 0
    assert best_support(claim, [1], [GERMAN], entailment=Reads("en", "de")) is not None
    assert is_refuted("You can return unused items within 40 days of delivery.", [GERMAN], question="")
    assert not is_refuted(claim, [GERMAN], question="")


def test_the_reason_names_both_languages():
    answer = "Unbenutzte Artikel nehmen wir innerhalb von 30 Tagen zurück [1]."
    why = "The answer is in German and the articles in English; nothing here can check that."
    assert gap(answer, [ENGLISH], reads={"en"}) == why
    assert gap(answer, [GERMAN], reads={"en"}) is None
    assert gap(answer, [ENGLISH], reads={"en", "de"}) is None


@pytest.mark.parametrize("text", ["- Indonesia", "| Minimum deposit | none |", "Yes.", "30"])
def test_too_few_words_are_in_the_language_of_the_articles(text):
    assert language_beside(text, ENGLISH.record.text) == "en"


SWEDISH = hit(
    "Du kan returnera oanvända varor inom 30 dagar efter leverans. Returetiketten kostar 39 kronor och dras av från "
    "återbetalningen. Vi betalar tillbaka pengarna inom fem arbetsdagar efter att varan har kommit fram till oss."
)
SWEDISH_ANSWER = "Oanvända varor tar vi tillbaka inom 30 dagar efter att du har fått dem [1]."


def test_the_denial_of_a_short_passage_is_read_in_its_language():
    short = hit("Möbel liefern wir nicht ins Ausland.")
    assert best_support("Leider liefern wir Möbel nicht ins Ausland.", [1], [short]) is not None
    assert best_support("Möbel liefern wir auch ins Ausland.", [1], [short]) is None


def test_a_language_that_nothing_reads_is_left_to_the_judge():
    outcome = handed_off(SWEDISH_ANSWER, SWEDISH, Reads("en"))
    assert outcome.reason == HandoffReason.LANGUAGE
    assert "The answer is in another language (sv); nothing here can check that." in outcome.summary
    assert isinstance(handed_off(SWEDISH_ANSWER, SWEDISH, Reads("en"), verdicts(True)), Answer)
    assert handed_off(SWEDISH_ANSWER, SWEDISH, Reads("en"), verdicts(False)).reason == HandoffReason.LOW_SUPPORT
    assert isinstance(handed_off(SWEDISH_ANSWER, SWEDISH, Reads("en", "sv")), Answer)


def test_in_a_language_that_nothing_reads_quotes_are_sent():
    quote = "Du kan returnera oanvända varor inom 30 dagar efter leverans [1]."
    assert isinstance(handed_off(quote, SWEDISH, Reads("en")), Answer)


def handed_off(text: str, passage, entailment=None, judge=None):
    """Return the outcome of an agent whose model writes this text from this passage."""
    agent = Agent(
        knowledge=FakeSearch([passage]),
        answerer=FakeAnswerer(text),
        entailment=entailment,
        judge=judge,
        gate=OPEN,
    )
    return agent.answer(Question(workspace_id="w", content="Kann ich etwas zurückschicken?"))


GERMAN_ANSWER = "Unbenutzte Artikel nehmen wir innerhalb von 30 Tagen nach der Lieferung zurück [1]."


def test_an_answer_that_nothing_can_check_is_handed_off_with_that_reason():
    outcome = handed_off(GERMAN_ANSWER, ENGLISH, Reads("en"))
    assert outcome.reason == HandoffReason.LANGUAGE
    assert "The answer is in German and the articles in English; nothing here can check that." in outcome.summary


def test_an_answer_in_another_language_is_sent_where_a_model_reads_both():
    outcome = handed_off(GERMAN_ANSWER, ENGLISH, Reads("en", "de"))
    assert isinstance(outcome, Answer)
    assert outcome.content == GERMAN_ANSWER


def verdicts(is_supported: bool):
    def judge(_question, doubts, _hits, *, revoked):
        return Judgement(verdicts=dict.fromkeys(doubts, is_supported))

    return judge


def test_a_judge_decides_where_no_model_reads_both():
    assert isinstance(handed_off(GERMAN_ANSWER, ENGLISH, Reads("en"), verdicts(True)), Answer)
    refused = handed_off(GERMAN_ANSWER, ENGLISH, Reads("en"), verdicts(False))
    assert refused.reason == HandoffReason.LOW_SUPPORT  # it was checked


def test_a_judge_is_not_asked_about_another_number_of_days():
    def judge(_question, doubts, _hits, *, revoked):
        raise AssertionError(doubts)

    false = GERMAN_ANSWER.replace("30", "40")
    assert isinstance(handed_off(false, ENGLISH, Reads("en"), judge), Handoff)


def test_without_a_verdict_nothing_could_check_it():
    def judge(_question, _doubts, _hits, *, revoked):
        raise ModelError("down", recovery="retry")

    assert handed_off(GERMAN_ANSWER, ENGLISH, Reads("en"), judge).reason == HandoffReason.LANGUAGE


def test_an_unsupported_answer_in_the_language_of_the_articles_has_low_support():
    assert handed_off("Elephants fly to Norway on Sundays [1].", ENGLISH).reason == HandoffReason.LOW_SUPPORT
