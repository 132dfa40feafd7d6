"""What the desk's voice does not let the assistant answer: other languages, and topics that it avoids."""

import pytest

from worker.answering.question import Question
from worker.answering.triage import restrictions
from worker.caching import similarity
from worker.conversations.sessions import Turn
from worker.states import HandoffReason, Role
from worker.voice.voice import Topic, Voice

PRICES = Topic(name="other shops and their prices", phrases=("Amazon", "price match"))
LAW = Topic(name="legal advice", phrases=("lawyer",))
VOICE = Voice(languages=("en", "de"), avoided_topics=(PRICES, LAW))


def question(content: str, **fields) -> Question:
    return Question(workspace_id="w", content=content, voice=VOICE, **fields)


@pytest.mark.parametrize(
    ("content", "category"),
    [
        ("Où est mon colis ?", "language:fr"),
        ("¿Cómo cambio mi contraseña?", "language:es"),
        ("Is it cheaper on amazon?", "topic:other shops and their prices"),
        ("Do you offer a price match?", "topic:other shops and their prices"),
        ("Wo ist mein Paket?", None),
        ("Where is my parcel?", None),
        ("I live in the Amazonas region", None),  # another word
    ],
)
def test_the_words_of_a_message_show_its_language_and_the_desk_s_own_phrases(content, category):
    found = restrictions.by_words(question(content))
    assert (found and found.category) == category


def test_a_phrase_in_the_subject_and_in_the_question_that_is_clarified_counts():
    assert restrictions.by_words(question("Is it?", subject="Cheaper at Amazon")).shown_by == ("Amazon",)
    turns = (
        Turn(seq=1, role=Role.CUSTOMER, content="Do I need a lawyer?"),
        Turn(seq=2, role=Role.ASSISTANT, content="Which?", kind="clarification"),
    )
    assert restrictions.by_words(question("The first", turns=turns)).category == "topic:legal advice"


def test_a_desk_without_wishes_restricts_nothing():
    plain = Question(workspace_id="w", content="Où est mon colis ? Ask Amazon!")
    assert restrictions.by_words(plain) is None
    assert restrictions.by_meaning(plain, lambda _a, _b: 1.0) is None
    assert restrictions.avoided_words(plain) is None


def test_a_message_near_a_topic_is_about_it(embedder):
    compare = similarity(embedder)
    found = restrictions.by_meaning(question("How do your prices compare with those of other shops?"), compare)
    assert (found.reason, found.category) == (HandoffReason.AVOIDED_TOPIC, "topic:other shops and their prices")
    for answerable in ("Where is my parcel?", "what does express delivery cost?", "can I pick up my order in a shop?"):
        assert restrictions.by_meaning(question(answerable), compare) is None
    assert restrictions.by_meaning(question("Do other shops sell it for less?"), None) is None


@pytest.mark.parametrize(
    ("number", "category"), [(2, "topic:legal advice"), (0, "avoided_topic"), (9, "avoided_topic")]
)
def test_the_number_that_a_model_gives_names_the_topic(number, category):
    assert restrictions.by_model(question("?"), number).category == category


def test_words_that_no_sentence_may_have():
    pattern = restrictions.avoided_words(question("?"))
    assert pattern.search("We match AMAZON.")
    assert not pattern.search("Returns are free.")
