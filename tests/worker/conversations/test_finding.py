"""A search finds a conversation by any word that its agent may remember."""

import unicodedata

import pytest

from tests.support.fakes import accept, answer, conversation_actions
from worker.conversations import inbox
from worker.conversations.finding import forget_removed
from worker.conversations.inbox_lists import Listed, counts
from worker.conversations.listing import change
from worker.store.scope import Scope
from worker.store.tables import conversation
from worker.turns.mailbox import Mailbox


@pytest.fixture
def find(store, workspace_id):
    """Return the ids that a search finds."""
    scope = Scope(store, workspace_id)
    return lambda search: {row["id"] for row in inbox.page(scope, Listed(search=search))[0]}


@pytest.fixture
def berlin(store, workspace_id) -> str:
    requester = {"name": "Zoë Müller", "email": "zoe.mueller@shop.example", "id": "c-4711"}
    text = "Do you have a store in Berlin? Straße der Pariser Kommune, Żółć."
    return accept(store, workspace_id, text, external_id="order-77", requester=requester)["conversation_id"]


@pytest.mark.parametrize(
    "search",
    [
        *("Berlin", "berlin", "BERL", "store in berlin", "berlin store"),
        *("muller", "Müller", "MÜLLER", "zoe", "Zoë", "zoe muller", "ŻÓŁĆ", "żoł"),
        *("zoe.mueller@shop.example", "shop.example", "mueller@shop", "order-77", "c-4711", "muller berlin"),
    ],
)
def test_a_word_of_the_customer_or_the_message_finds_it_without_case_and_accents(
    store, workspace_id, find, berlin, search
):
    accept(store, workspace_id, "How do I pay?", external_id="order-78", requester={"name": "Ada"})
    assert find(search) == {berlin}


@pytest.mark.parametrize("search", ["ber lin", "erlin", "munich", "berlin munich", "muller@shop", "b", '"', "-"])
def test_what_is_not_there_finds_nothing(find, berlin, search):
    assert find(search) == set()


def test_operators_of_full_text_queries_are_words_like_others(store, workspace_id, find, berlin):
    said = accept(store, workspace_id, "NOT this AND that OR NEAR(me)")["conversation_id"]
    for search in ("not", "AND", "near(me)", "or near", "this*", "-this", "that:", "NOT this"):
        assert find(search) == {said}, search


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_words_of_every_script_are_found_as_they_were_written(store, workspace_id, find, berlin, written, form):
    words = "йогурт мой Ёлка 환불 ガス バッグ πακέτο ΈΦΤΑΣΕ آسف مُنتَج हिन्दी שָׁלוֹם đơn Größe İstanbul façade".split()
    text = unicodedata.normalize(written, " ".join(words))
    said = accept(store, workspace_id, text)["conversation_id"]
    for word in words:
        assert find(unicodedata.normalize(form, word)) == {said}, word
    for word in ("έφτασε", "ΠΑΚΈΤΟ", "ЙОГУРТ", "йогу", "환"):
        assert find(unicodedata.normalize(form, word)) == {said}, word


def test_greek_words_are_found_whatever_the_sigma(store, workspace_id, find):
    said = [accept(store, workspace_id, text)["conversation_id"] for text in ("Ο πελάτης", "ΠΕΛΆΤΗΣ")]
    for search in ("πελάτης", "ΠΕΛΆΤΗΣ"):
        assert find(search) == set(said), search


def test_letters_in_another_width_or_joined_are_found_by_what_was_written_and_by_a_search_in_them(
    store, workspace_id, find
):
    plain, wide = [accept(store, workspace_id, text)["conversation_id"] for text in ("finance 65", "ﬁnance ６５")]
    everywhere = {plain, wide}
    assert find("ﬁnance") == find("６５") == everywhere
    assert find("finance") == find("65") == ({plain} if store.is_sqlite else everywhere)


def test_accents_of_other_scripts_than_latin_may_be_left_out_on_postgresql(store, workspace_id, find):
    said = accept(store, workspace_id, "Το πακέτο, йогурт")["conversation_id"]
    assert find("πακετο") == find("иогурт") == (set() if store.is_sqlite else {said})


def test_an_address_in_angle_brackets_is_found_as_any_other(store, workspace_id, find):
    said = accept(store, workspace_id, "From: Max <max@x.example>, <b>bold</b>")["conversation_id"]
    for search in ("max@x.example", "<max@x.example>", "x.example", "<b>bold</b>", "bold"):
        assert find(search) == {said}, search


def test_a_search_of_any_character_is_no_error(find, berlin):
    for code in [*range(1, 0x250), 0x37A, 0x2019, 0x3231, 0xFE76, 0xFF02, 0xFF07, 0x1F600]:
        for search in (chr(code), f"berlin{chr(code)}", f"{chr(code)}berlin", f"berlin {chr(code)}x"):
            assert find(search) <= {berlin}, search


def test_answers_and_replies_are_found_too(store, workspace_id, find, berlin):
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(berlin), answer("We have one at Alexanderplatz."))
    conversation_actions(store).reply(workspace_id, berlin, content="And in Kreuzberg.", author="Grace")
    assert find("alexanderplatz") == find("kreuz") == find("muller alexanderplatz kreuzberg") == {berlin}


def test_a_changed_subject_is_found_and_the_old_one_is_not(store, workspace_id, find, berlin):
    scope = Scope(store, workspace_id)
    change(scope, berlin, subject="Opening hours")
    change(scope, berlin, subject="Parking")
    assert find("parking") == {berlin}
    assert find("opening") == set()
    assert find("muller") == {berlin}


def test_an_erased_conversation_is_not_found(store, find, berlin):
    with store.begin() as tx:
        tx.execute(conversation.delete().where(conversation.c.id == berlin))
    assert find("berlin") == set()
    if store.is_sqlite:
        with store.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM search_entry").scalar() == 0
            assert not connection.exec_driver_sql("SELECT rowid FROM search_words WHERE search_words MATCH 'b*'").all()


def test_the_words_of_erased_conversations_leave_the_index_and_all_others_stay(store, workspace_id, find, berlin):
    if not store.is_sqlite:
        pytest.skip("PostgreSQL drops them when it vacuums")
    for number in range(30):
        accept(store, workspace_id, f"Zanzibar {number}" if number % 3 else "Kreuzberg")
    with store.begin() as tx:
        tx.execute(conversation.delete().where(conversation.c.id == berlin))
    with store.read() as connection:
        assert _holding(connection, b"erlin")
    forget_removed(store)
    with store.read() as connection:
        assert not _holding(connection, b"erlin")
        assert _holding(connection, b"anzibar")
    assert (len(find("kreuz")), len(find("zanzibar"))) == (10, 20)


def _holding(connection, word: bytes) -> int:
    """Return the number of the index's blocks that hold a part of a word."""
    counted = "SELECT count(*) FROM search_words_data WHERE instr(block, ?)"
    return connection.exec_driver_sql(counted, (word,)).scalar_one()


def test_other_workspaces_find_nothing(store, berlin):
    other = Scope(store, "ws_other")
    for search in ("berlin", "muller", berlin):
        assert inbox.page(other, Listed(search=search))[0] == []
    assert counts(other, Listed(search="berlin"))[None] == 0
