"""What customers ask an assistant about itself gets an honest answer; a question about goods or a human does not."""

import pytest

from worker.answering.triage.about_assistant import reply_to
from worker.states import AboutAssistant
from worker.voice.voice import DEFAULT_VOICE, Voice


@pytest.mark.parametrize(
    "text",
    [
        *("Are you a bot?", "r u a robot??", "Hi, are you a real person?", "u a bot?", "are you a bot or a human"),
        *("Am I talking to a real person or a machine?", "Hello, am I talking to a human being?", "is this chatgpt"),
        *("just curious, are you AI?", "am I chatting with AI or a human rn", "Is this an automated reply"),
        *("Which AI model are you using?", "Are you powered by GPT-4?", "You're a bot, right?", "who made you"),
        *("am I talking to a real person or is this automated", "Are you ChatGPT or something like that?"),
    ],
)
def test_who_asks_for_a_bot_is_told_that_it_is_one_and_how_to_reach_a_human(text):
    assert reply_to(text, DEFAULT_VOICE) == (
        "I am an automated assistant, not a human. If you would like to talk to a human, just say so."
    )


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("Bist du ein Mensch oder ein Bot?", "Ich bin ein automatischer Assistent"),
        ("Êtes-vous un robot ou un humain ?", "Je suis un assistant automatique"),
        ("¿Eres una persona real?", "Soy un asistente automático"),
        ("Sei un robot?", "Sono un assistente automatico"),
        ("Ben je een robot?", "Ik ben een geautomatiseerde assistent"),
        ("Você é um robô?", "Sou um assistente automático"),
        ("Czy rozmawiam z człowiekiem?", "Jestem automatycznym asystentem"),
    ],
)
def test_it_answers_in_the_language_of_the_question(text, start):
    assert reply_to(text, DEFAULT_VOICE).startswith(start)


def test_its_name_is_that_of_the_voice():
    assert reply_to("What's your name?", Voice(name="Mia")) == "I am Mia, an automated assistant, not a human."
    assert reply_to("wie heißt du?", Voice(name="Mia")).startswith("Ich bin Mia,")
    assert "None" not in reply_to("What's your name?", DEFAULT_VOICE)


def test_two_such_questions_get_both_answers_once():
    reply = reply_to("Hi! Who are you? Are you a bot? And what can you help me with?", Voice(name="Mia"))
    assert reply.count("an automated assistant") == 2  # its name, and what it is
    assert "I answer questions from our help articles" in reply


def test_the_answers_of_the_desk_come_first():
    voice = Voice(name="Mia", about={AboutAssistant.BOT: "I am the robot of Example Shop."})
    assert reply_to("Are you human?", voice) == "I am the robot of Example Shop."


def test_what_is_stored_only_the_desk_can_say():
    assert reply_to("Do you store what I write?", DEFAULT_VOICE) is None
    voice = Voice(about={AboutAssistant.PRIVACY: "Chats are kept for 90 days."})
    assert reply_to("Do you store what I write?", voice) == "Chats are kept for 90 days."


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Are you open on Saturdays?",
            "What is your phone number?",
            "Are you able to ship to Norway?",
            "Is this real?",
        ),
        *("Is it true that a real person answers your chat on Saturdays?", "I want to talk to a human", "what is it"),
        *("are you a bot? I want a human", "Is this a machine I can wash at 60?", "is this automatic or manual?"),
        *("What is your name policy", "can you help me with my return?", "Is this real leather?", "", "?"),
        *("who are you to refuse me", "Are you a bot? My parcel is late.", "how does it work", "is it a computer desk"),
        "Are you a bot? " * 20,
    ],
)
def test_a_question_about_anything_else_is_not_taken_for_one(text):
    assert reply_to(text, DEFAULT_VOICE) is None
