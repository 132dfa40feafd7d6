"""Previews of replies in a voice."""

import pytest

from web.console.voice_form import VoiceForm
from web.console.voice_preview import about_assistant, previews
from worker.voice import schema


def preview_of(**values):
    form = VoiceForm.of(schema.load(values))
    return list(previews(form, *form.load()))


def test_without_channels_the_default_form_is_shown():
    (preview,) = preview_of()
    assert preview.channel is None
    assert preview.text.startswith("You can return an item within 30 days of delivery [1].")
    assert preview.text.endswith("[3] Refunds: https://shop.example/refunds")
    assert not preview.later_differ


@pytest.mark.parametrize(("length", "sources"), [(1, 1), (2, 2), (3, 3), (10, 3)])
def test_the_sample_is_no_longer_than_answers_may_be_and_lists_what_it_cites(length, sources):
    (preview,) = preview_of(max_sentences=length)
    content, listed = preview.text.split("\n\n")
    assert (content.count("."), listed.count("\n") + 1) == (sources, sources)


@pytest.mark.parametrize(
    ("form", "later_differ", "without_name"),
    [
        ({"greeting": "Hello {customer},"}, True, "Hello,"),
        ({"greeting": "Hello {customer},", "greets": "every_reply"}, False, "Hello,"),
        ({"greeting": "Hello,"}, True, None),
        ({"greeting": "{customer}"}, True, "no greeting"),
        ({"signature": "{assistant}"}, False, None),
    ],
)
def test_it_says_how_other_replies_differ(form, later_differ, without_name):
    (preview,) = preview_of(channels={"default": form})
    assert (preview.channel, preview.later_differ, preview.without_name) == ("default", later_differ, without_name)


def test_a_row_without_a_name_is_shown_only_with_its_problem():
    form, _ = VoiceForm.of(schema.load({})).edited("add-channels")
    assert [preview.channel for preview in previews(form, *form.load())] == [None]
    row = {**form.channels[0], "greeting": "Hello"}
    form = VoiceForm(texts=form.texts, channels=(row,))
    unnamed, others = previews(form, *form.load())
    assert (unnamed.channel, unnamed.problems, others.channel) == ("", ("Name the channel.",), None)


def test_questions_about_the_assistant_have_the_replies_that_customers_get():
    by_default = about_assistant(schema.load({"name": "Mia"}))
    assert by_default["Are you a bot?"].startswith("I am Mia, an automated assistant, not a human.")
    assert by_default["What is your name?"] == "I am Mia, an automated assistant, not a human."
    assert by_default["What can you do?"].startswith("I answer questions from our help articles")
    assert by_default["Do you store what I write?"] is None
    own = {"bot": "A robot.", "name": "Call me Mia.", "abilities": "Returns.", "privacy": "For 90 days."}
    assert list(about_assistant(schema.load({"about": own})).values()) == list(own.values())
