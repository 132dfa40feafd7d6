"""Which form a channel's replies have, and when two voices are the same."""

from worker.voice.voice import Form, Voice

EMAIL, OTHERS = Form(signature="Your shop"), Form(signature="Bye")


def test_a_channel_has_its_own_form_else_that_of_all_others_else_none():
    voice = Voice(channels={"email": EMAIL, "default": OTHERS, "api": Form()})
    assert voice.form("email") == EMAIL
    assert voice.form("zendesk") == OTHERS
    assert voice.form(None) == Form()
    assert Voice(channels={"email": EMAIL}).form("widget") == Form()


def test_voices_with_the_same_values_are_equal_and_any_other_value_makes_another():
    voice = Voice.from_api({"name": "Mia", "languages": ["en"]})
    assert voice == Voice.from_api(voice.to_api())
    assert repr(voice) != repr(Voice.from_api({"name": "Mia", "languages": ["de"]}))
    assert hash(voice) == hash(Voice.from_api(voice.to_api()))
