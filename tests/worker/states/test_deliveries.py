"""Deliveries leave by the channel of their kind."""

import pytest

from worker.states import DeliveryChannel, DeliveryKind


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
