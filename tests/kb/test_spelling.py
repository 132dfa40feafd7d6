"""Misspelt words are read as the knowledge base spells them; names, codes and other words stay."""

import pytest

from kb.spelling import Speller

WORDS = {
    "parcel": 9, "parcels": 3, "password": 7, "delivery": 8, "invoice": 4, "rechnung": 5, "versandkosten": 3,
    "house": 2, "warranty": 6, "shipping": 5, "reset": 4, "refund": 4, "refunds": 1, "livraison": 2, "хранение": 2,
    "brandt": 1, "model": 3, "expediteur": 2,
}  # fmt: skip


class Words:
    """A `Vocabulary` of a few words."""

    def __init__(self):
        self.read = []

    def has(self, word):
        return word.lower() in WORDS

    def words(self, prefix, limit):
        self.read.append(prefix)
        found = [(word, count) for word, count in WORDS.items() if word.startswith(prefix)]
        return sorted(found, key=lambda pair: -pair[1])[:limit]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("where is my parcle?", "where is my parcel?"),
        ("reset my pasword", "reset my password"),
        ("reset my passsword!", "reset my password!"),
        ("resett, please", "reset, please"),
        ("Delivvery tiem", "delivery tiem"),
        ("the warantyy", "the warranty"),
        ("refnud", "refund"),
        ("Wo ist meine Rehcnung?", "Wo ist meine rechnung?"),
        ("was sind die Versandksoten", "was sind die versandkosten"),
        ("délai de livraisno", "délai de livraison"),
        ("l'éxpéditeurr", "l'expediteur"),
        ("условия хранене", "условия хранение"),
        ("PASWORD RESET NOT WORKING", "password RESET NOT WORKING"),
    ],
)
def test_a_slip_of_the_keyboard_is_corrected(typed, meant):
    assert Speller(Words()).correct(typed) == meant


@pytest.mark.parametrize(
    "query",
    [
        "where is my parcel",
        "my order AB-1234 and parce1",  # codes
        "error PARCLE on the screen",
        "a letter for Mr Brandd",  # a name
        "write to parcle@example.org",
        "my iParcel",
        "were",
        "パスワードを忘れました",
        "zzzzzzzz and qqqqqqqq",
        "",
    ],
)
def test_what_is_right_or_a_name_or_a_code_stays(query):
    assert Speller(Words()).correct(query) == query


def test_a_word_that_the_embedding_model_knows_is_no_slip():
    assert Speller(Words()).correct("my horse") == "my house"
    assert Speller(Words()).correct("my horse", is_word=lambda word: word == "horse") == "my horse"


def test_words_are_read_for_the_first_unknown_word_and_once():
    words = Words()
    speller = Speller(words)
    speller.correct("reset my password")
    assert words.read == []
    for _ in range(3):
        speller.correct("where is my parcle")
    assert words.read == ["p"]


def test_a_query_in_another_language_looks_few_words_up():
    words = Words()
    Speller(words).correct(" ".join(f"{letter}unbekannt" for letter in "abcdefghijk"))
    assert len(words.read) == 5
