"""A connected helpdesk is shown without what opens it."""

from tests.support.fakes import LOOPBACK
from tests.support.helpdesks import SECRET, TOKEN
from worker.helpdesks import serializers
from worker.helpdesks.connections import Connections


def test_the_token_and_the_secret_are_left_out_and_times_are_text(store, workspace_id):
    connections = Connections(store, LOOPBACK, mail=None)
    new = {"kind": "freshdesk", "name": "desk", "url": "https://127.0.0.1", "token": TOKEN, "webhook_secret": SECRET}
    made = connections.make(workspace_id, {**new, "mode": "reply", "options": {"bot_id": "1"}})
    shown = serializers.helpdesk(connections.named(workspace_id, "desk"))
    assert TOKEN not in str(shown)
    assert SECRET not in str(shown)
    assert shown["links"] == {"inbound": f"/v1/helpdesks/{made['id']}/inbound"}
    assert (shown["created_at"], shown["heard_at"]) == ("1970-01-01T00:16:40.000Z", None)
