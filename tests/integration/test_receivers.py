"""The receivers in examples/ take what we send and nothing else, and so do the libraries that others use."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import closing

import httpx
import pytest
import standardwebhooks
import svix.webhooks

from tests.support.processes import ROOT, free_port, running, wait_for
from worker.deliveries import signing

FOLDER = ROOT / "examples" / "receivers"
BODY = json.dumps({"type": "message.answered", "data": {"content": "Grüße"}}, ensure_ascii=False).encode()


def signed(*secrets: str, at: float | None = None, id: str = "whd_1") -> dict[str, str]:
    return signing.headers(secrets, id=id, timestamp=int(time.time() if at is None else at), body=BODY)


def listens(port: int) -> bool:
    import socket

    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("command", [[sys.executable, "receiver.py"], ["node", "receiver.mjs"]], ids=["python", "node"])
def test_a_receiver_takes_ours_and_refuses_others(command, tmp_path):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    secret, other, port = signing.new_secret(), signing.new_secret(), free_port()
    env = {**os.environ, "CALLBACK_SECRET": secret, "PORT": str(port)}
    log = tmp_path / "log"
    with running([command[0], str(FOLDER / command[1])], env=env, log=log):
        wait_for(lambda: listens(port), what="the receiver")

        def post(headers, body=BODY):
            return httpx.post(f"http://127.0.0.1:{port}/", content=body, headers=headers).status_code

        assert post(signed(secret)) == 204
        assert post(signed(other, secret)) == 204, "while a secret is rotated"
        assert post(signed(other)) == 401
        assert post(signed(secret), BODY + b" ") == 401
        assert post(signed(secret) | {"webhook-id": "whd_2"}) == 401
        assert post(signed(secret, at=time.time() - 400)) == 401
        assert post({}) == 401
    assert log.read_text().count("whd_1 message.answered") == 2


def test_the_shell_verifies_too(tmp_path):
    secret = signing.new_secret()
    (tmp_path / "body").write_bytes(BODY)
    env = {**os.environ, "CALLBACK_SECRET": secret}

    def verify(headers):
        words = [headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]]
        command = ["sh", str(FOLDER / "verify.sh"), *words, str(tmp_path / "body")]
        return subprocess.run(command, env=env, capture_output=True, check=False).returncode

    assert verify(signed(signing.new_secret(), secret)) == 0
    assert verify(signed(signing.new_secret())) == 1


def test_the_libraries_of_others_verify_ours():
    secret = signing.new_secret()
    headers = signed(signing.new_secret(), secret)
    standardwebhooks.Webhook(secret).verify(BODY, headers)
    svix.webhooks.Webhook(secret).verify(
        BODY, {name.replace("webhook-", "svix-"): one for name, one in headers.items()}
    )
    with pytest.raises(svix.webhooks.WebhookVerificationError):
        svix.webhooks.Webhook(signing.new_secret()).verify(BODY, headers)
