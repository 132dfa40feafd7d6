"""Addresses of the embedded parts."""

from worker.settings import Settings


def test_a_home_too_deep_for_a_socket_gets_a_short_one():
    deep = Settings.from_env({"ANSWERBACK_HOME": "/tmp/" + "x" * 120})
    assert len(str(deep.valkey_socket)) < 100
    assert deep.valkey_socket == Settings.from_env({"ANSWERBACK_HOME": "/tmp/" + "x" * 120}).valkey_socket
    assert (
        Settings.from_env({"ANSWERBACK_HOME": "/tmp/a"}).broker
        == "redis+socket:///tmp/a/run/valkey.sock?virtual_host=0"
    )
