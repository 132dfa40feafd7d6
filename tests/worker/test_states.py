"""States equal what databases and JSON hold, and say what follows from them."""

import json

import pytest

from worker.states import ENDED, OPEN, DeliveryChannel, DeliveryKind, EventType, MessageState


def test_every_state_of_a_message_is_open_or_ended_and_has_an_event():
    assert set(OPEN) | set(ENDED) == set(MessageState)
    assert not set(OPEN) & set(ENDED)
    assert {state.value for state in MessageState} <= {event.value for event in EventType}


def test_a_state_is_its_text_in_json():
    assert json.loads(json.dumps({"state": MessageState.HANDED_OFF})) == {"state": "handed_off"}
    assert MessageState("handed_off") == "handed_off"


@pytest.mark.parametrize("kind", DeliveryKind)
def test_a_delivery_leaves_by_the_channel_of_its_kind(kind):
    webhooks = {DeliveryKind.CALLBACK, DeliveryKind.ENDPOINT}
    notifications = {DeliveryKind.NOTIFICATION, DeliveryKind.NOTIFICATION_UPDATE}
    expected = (
        DeliveryChannel.WEBHOOK
        if kind in webhooks
        else DeliveryChannel.NOTIFICATION
        if kind in notifications
        else DeliveryChannel.HELPDESK
    )
    assert kind.channel == expected
