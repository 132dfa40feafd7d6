"""States equal what databases and JSON hold, and say what follows from them."""

import json

from worker.states import ENDED, OPEN, EventType, MessageState


def test_every_state_of_a_message_is_open_or_ended_and_has_an_event():
    assert set(OPEN) | set(ENDED) == set(MessageState)
    assert not set(OPEN) & set(ENDED)
    assert {state.value for state in MessageState} <= {event.value for event in EventType}


def test_a_state_is_its_text_in_json():
    assert json.loads(json.dumps({"state": MessageState.HANDED_OFF})) == {"state": "handed_off"}
    assert MessageState("handed_off") == "handed_off"
