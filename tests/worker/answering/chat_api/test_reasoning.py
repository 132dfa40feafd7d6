"""Reasoning never reaches the customer, however a server sends it; over real HTTP."""

import pytest

from tests.support.endpoint import endpoint, stream, whole
from tests.support.model_calls import ANSWER, THOUGHT, ask
from worker.answering.chat_api.capabilities import CapabilityMemory
from worker.answering.chat_api.reasoning import has_reasoning, lacks_opening, without_reasoning

#: id: (the response, the text that is the answer)
TEXTS = {
    "DeepSeek-R1 in the text": (stream("<think>\n", THOUGHT, "\n</think>\n\n", ANSWER), ANSWER),
    "a tag in pieces": (stream("<th", "ink>", THOUGHT, "</th", "ink>", ANSWER), ANSWER),
    "Qwen 3 with empty reasoning": (stream("<think>\n\n</think>\n\n", ANSWER), ANSWER),
    "the opening tag is in the template": (stream(THOUGHT, "\n</think>\n", ANSWER), ANSWER),
    "reasoning in its own field, DeepSeek": (stream({"reasoning_content": THOUGHT}, ANSWER), ANSWER),
    "reasoning in its own field, OpenRouter and Ollama": (
        stream({"reasoning": THOUGHT, "content": ""}, ANSWER),
        ANSWER,
    ),
    "Magistral in the text": (stream("[THINK]", THOUGHT, "[/THINK]", ANSWER), ANSWER),
    "Mistral: content in parts": (
        stream(
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}]},
            {"content": [{"type": "text", "text": ANSWER}]},
        ),
        ANSWER,
    ),
    "gpt-oss with its channels": (
        stream(
            f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>"
        ),
        ANSWER,
    ),
    "gpt-oss without its special tokens": (stream(f"analysis{THOUGHT}assistantfinal{ANSWER}"), ANSWER),
    "gpt-oss without its special tokens, in German": (
        stream(f"analysis{THOUGHT}assistantfinalÜber 30 Tage [1]."),
        "Über 30 Tage [1].",
    ),
    "another closing tag": (stream(f"<thinking>{THOUGHT}</think>{ANSWER}"), ANSWER),
    "tags that an article speaks of": (
        stream("Close it with the </reasoning> tag, not with <think> [1]."),
        "Close it with the </reasoning> tag, not with <think> [1].",
    ),
    "special tokens at the end": (stream(ANSWER, "<|im_end|>"), ANSWER),
    "the answer in tags": (stream(f"<think>{THOUGHT}</think><answer>{ANSWER}</answer>"), ANSWER),
    "words that only look like tags": (
        stream("Set <b> to [0] < 1 & press <Enter> [1]."),
        "Set <b> to [0] < 1 & press <Enter> [1].",
    ),
    "one JSON object with reasoning": (whole({"content": ANSWER, "reasoning_content": THOUGHT}), ANSWER),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_answer_is_read_without_its_reasoning(name):
    response, text = TEXTS[name]
    heard: list[str] = []
    with endpoint(lambda _body: response) as served:
        assert ask(served.url, heard=heard).text.strip() == text.strip()
    assert "article" in name or not any("ink>" in part or "<|" in part for part in heard)


@pytest.mark.parametrize("name", ["deepseek-r1:8b", "qwq-32b"])
def test_reasoning_without_its_opening_tag_is_never_heard(name):
    heard: list[str] = []
    with endpoint(lambda _body: stream("Returns are free [1]. ", "So: ", "</think>", ANSWER)) as served:
        assert ask(served.url, model=name, heard=heard).text == ANSWER
    assert set(heard) <= {"", ANSWER}


def test_a_model_of_any_name_that_left_out_the_tag_once_is_known_for_it():
    memory, heard = CapabilityMemory(), list[str]()
    with endpoint(lambda _body: stream("Returns are free [1]. ", "So: ", "</think>", ANSWER)) as served:
        ask(served.url, memory=memory)
        ask(served.url, memory=memory, heard=heard)
    assert set(heard) <= {"", ANSWER}


def test_a_model_whose_reasoning_is_in_its_own_field_still_streams():
    heard: list[str] = []
    with endpoint(
        lambda _body: stream({"reasoning_content": THOUGHT}, "It is free [1]. ", "It is fast [1].")
    ) as served:
        ask(served.url, model="deepseek-r1", heard=heard)
    assert heard[0] == "It is free [1]. "


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{THOUGHT}</think>{ANSWER}",
        f"[THINK]{THOUGHT}[/THINK]{ANSWER}",
        f"◁think▷{THOUGHT}◁/think▷{ANSWER}",
        f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
    ],
)
def test_a_text_that_grows_letter_by_letter_never_shows_a_part_of_a_tag(text):
    seen = [without_reasoning(text[:length], whole=False) for length in range(len(text) + 1)]
    assert all(ANSWER.startswith(part.lstrip()) for part in seen)
    assert without_reasoning(text, whole=True) == ANSWER


def test_an_end_that_may_become_a_tag_is_shown_once_the_text_is_whole():
    assert without_reasoning("It costs less than <", whole=False) == "It costs less than "
    assert without_reasoning("It costs less than <", whole=True) == "It costs less than <"


@pytest.mark.parametrize(
    ("text", "reasons", "opened"),
    [
        ("<think>Let me", True, True),
        (f"{THOUGHT}</think>", True, False),
        ("<|channel|>analysis<|message|>Let me", True, True),
        (ANSWER, False, True),
        ("Analysis of your order: it is on its way.", False, True),
    ],
)
def test_reasoning_is_told_from_text_also_where_its_opening_tag_is_missing(text, reasons, opened):
    assert has_reasoning(text) == reasons
    assert lacks_opening(text) == (not opened)
