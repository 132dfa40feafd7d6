"""WebSocket frames."""

from wsproto import ConnectionType, WSConnection
from wsproto.events import Ping, Request, TextMessage

from web.streaming.sockets import WebSocketFormat


def test_a_flood_of_frames_closes_the_connection():
    client = WSConnection(ConnectionType.CLIENT)
    asked = client.send(Request(host="x", target="/")).decode().split("\r\n")[1:-2]
    server = WebSocketFormat([tuple(line.split(": ", 1)) for line in asked], "/")
    client.receive_data(server.head([]))
    list(client.events())
    answer, texts, over = server.received(client.send(Ping()) * 2_999)
    assert (len(answer) > 5_000, texts, over) == (True, [], False)
    answer, _texts, over = server.received(
        client.send(TextMessage(data="", message_finished=False)) + client.send(Ping())
    )
    assert over
    assert b"too many frames" in answer
