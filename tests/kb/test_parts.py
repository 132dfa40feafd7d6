"""A long query is cut into its sentences, and a short one is not."""

from kb import parts


def test_a_short_query_stays_whole():
    assert parts.of("I forgot my password. How do I log in?") == []


def test_a_letter_becomes_its_sentences_with_what_says_nothing_by_itself():
    letter = (
        "We bought a tent for our holidays in Norway last summer. It was great. When we unpacked it again this spring, "
        "the second pole was broken in two places. Is the pole covered by your warranty? "
        "My sister would also like to know which sizes of sleeping bags you sell at the moment."
    )
    found = parts.of(letter)
    assert " ".join(found) == letter
    assert found[0].endswith("It was great.")
    assert "Is the pole covered by your warranty?" in found


def test_parts_are_bounded_and_lose_nothing():
    letter = " ".join(f"Sentence number {number} tells about parcel {number}." for number in range(100))
    found = parts.of(letter)
    assert len(found) <= parts.MAX_PARTS
    assert " ".join(found) == letter


def test_a_text_without_full_stops_is_cut_between_words():
    words = [f"word{number}" for number in range(150)]
    found = parts.of(" ".join(words))
    assert len(found) > 1
    assert " ".join(found).split() == words
    assert "".join(parts.of("x" * 3_000)).replace(" ", "") == "x" * 3_000
