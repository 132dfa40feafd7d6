from worker.answering.check import evidence

FILLER = "The museum shop sells postcards and small gifts to visitors of the old town. " * 8


def test_a_short_premise_is_read_whole():
    premise = "Returns are free. Refunds take five days."

    assert evidence.select("Refunds take five days.", premise) == premise


def test_the_sentences_that_cover_the_claim_are_read_in_the_order_of_the_premise():
    premise = f"Refunds take five days. {FILLER}Vouchers cannot be refunded. {FILLER}"

    chosen = evidence.select("Vouchers cannot be refunded, and refunds take five days.", premise)

    assert chosen.index("Refunds take five days.") < chosen.index("Vouchers cannot be refunded.")


def test_no_more_words_are_read_than_asked_for():
    premise = " ".join(f"Refund number {number} takes five days." for number in range(60))

    assert len(evidence.select("A refund takes five days.", premise, max_words=30).split()) <= 30


def test_a_claim_with_no_word_of_the_premise_still_gets_evidence():
    assert evidence.select("Bananas grow quickly.", FILLER)


def test_a_premise_without_sentences_is_read_in_pieces():
    premise = "word " * 200 + "the parcel arrives on monday " + "word " * 200

    chosen = evidence.select("The parcel arrives on Monday.", premise)

    assert "parcel arrives on monday" in chosen
    assert len(chosen.split()) <= evidence.MAX_WORDS


def test_a_premise_of_bullets_alone_gives_no_evidence_and_no_error():
    assert evidence.select("Anything.", "* " * 80) is not None
