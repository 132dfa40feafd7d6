"""What a model is sent is masked, and what comes back is put together again."""

from types import SimpleNamespace

from worker.answering.chat import Chat, Completion
from worker.redaction import Redactor


def delta(content: str | None = None, calls: list | None = None) -> SimpleNamespace:
    return SimpleNamespace(content=content, tool_calls=calls)


def test_a_completion_is_put_together_from_its_pieces():
    completion = Completion()
    call = SimpleNamespace(index=0, id=None, function=SimpleNamespace(name="search", arguments='{"q":'))
    rest = SimpleNamespace(index=0, id=None, function=SimpleNamespace(name=None, arguments='"x"}'))
    for piece in (delta("Let me "), delta("look."), delta(calls=[call]), delta(calls=[rest])):
        completion.add(piece)

    assert completion.text == "Let me look."
    (asked,) = completion.calls
    assert (asked.id, asked.name, asked.arguments) == ("call_0", "search", '{"q":"x"}')


def test_a_truncated_text_ends_with_its_last_whole_sentence():
    completion = Completion()
    completion.add(delta("You can return it. It takes fourt"))
    completion.truncated = True

    assert completion.text == "You can return it."


def test_an_address_is_masked_for_the_model_and_restored_for_the_customer():
    chat = Chat([{"role": "user", "content": "I am ada@shop.example."}], Redactor())

    (message,) = chat.messages
    assert "ada@shop.example" not in message["content"]
    masked = message["content"].removeprefix("I am ").removesuffix(".")
    assert chat.restored(f"Hello {masked}!") == "Hello ada@shop.example!"
