"""A hint leads to its conversation, also when its publisher is of a newer version."""

import tasks.answer


def test_a_hint_has_its_conversation_answered(role):
    answering = role("answering")
    tasks.answer.drain(conversation_id="conv_1", newer="x")
    answering.drainer.drain.assert_called_once_with("conv_1")
