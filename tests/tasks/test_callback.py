"""Hints lead to what is due, by conversation or by destination."""

import tasks.callback


def test_hints_start_the_dispatcher_and_wait_for_no_endpoint(role):
    dispatcher = role("delivering").dispatcher
    tasks.callback.deliver(conversation_id="conv_1", newer="x")
    dispatcher.deliver.assert_called_once_with("conv_1")
    tasks.callback.send(destination_id="ep_1", newer="x")
    dispatcher.start.assert_called_once_with(["ep_1"])
