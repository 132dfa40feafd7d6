"""What a model is sent is masked, and what comes back is put together again."""

from worker.answering.chat import Chat, Completion
from worker.redaction import Redactor


def chunk(**delta: object) -> dict:
    """Return a chunk of a stream."""
    return {"choices": [{"index": 0, "delta": delta}]}


def test_a_completion_is_put_together_from_its_pieces():
    completion = Completion()
    call = {"index": 0, "function": {"name": "search", "arguments": '{"q":'}}
    rest = {"index": 0, "function": {"arguments": '"x"}'}}
    for piece in (chunk(content="Let me "), chunk(content="look."), chunk(tool_calls=[call]), chunk(tool_calls=[rest])):
        completion.add(piece)

    assert completion.text == "Let me look."
    (requested,) = completion.calls
    assert (requested.id, requested.name, requested.arguments) == ("call_0", "search", '{"q":"x"}')


def test_a_truncated_text_ends_with_its_last_whole_sentence():
    completion = Completion()
    completion.add(chunk(content="You can return it. It takes fourt"))
    completion.finish_reason = "length"

    assert completion.text == "You can return it."


def test_an_address_is_masked_for_the_model_and_restored_for_the_customer():
    chat = Chat([{"role": "user", "content": "I am ada@shop.example."}], Redactor())

    (message,) = chat.messages
    assert "ada@shop.example" not in message["content"]
    masked = message["content"].removeprefix("I am ").removesuffix(".")
    assert chat.restored(f"Hello {masked}!") == "Hello ada@shop.example!"
