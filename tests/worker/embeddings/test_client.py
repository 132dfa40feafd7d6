"""A client against a real server that refuses, is slow, answers out of order, or with another length."""

import time

import numpy as np
import pytest

from kb.errors import EmbedderRefused, EmbedderUnavailable
from tests.support.embeddings import DIMENSIONS, as_base64, embeddings, response, vector
from tests.support.endpoint import Response, endpoint, refusal
from worker.addresses import Guard
from worker.embeddings.client import EmbeddingsClient
from worker.settings.parsers import networks

LOOPBACK = networks("127.0.0.0/8")


class Recorded:
    """A meter that keeps what it is given."""

    def __init__(self):
        self.added = []

    def add(self, name, count=1, **labels):
        self.added.append((name, count, labels))

    def observe(self, name, seconds, **labels):
        self.added.append((name, "seconds", labels))

    def total(self, name):
        return sum(count for added, count, _labels in self.added if added == name)


def client_of(url, *, meter=None, allow=LOOPBACK, **options):
    given = {"key": "sk-1", "model": "embed-1", "dimensions": DIMENSIONS, "batch": 32, "timeout_s": 60.0, "price": 0.02}
    return EmbeddingsClient(url=url, guard=Guard(allow=allow), meter=meter or Recorded(), **{**given, **options})


def norm(texts):
    found = np.array([vector(text) for text in texts], np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


TEXTS = ["Where is my parcel?", "Reset the password", "Refund"]


def test_texts_become_vectors_and_are_paid_for():
    meter = Recorded()
    with endpoint(embeddings) as served:
        found = client_of(f"{served.url}/", meter=meter).embed(TEXTS, retry_for_s=1)
    assert np.allclose(found, norm(TEXTS), atol=1e-6)
    assert served.paths == ["/v1/embeddings"]
    assert served.headers[0]["Authorization"] == "Bearer sk-1"
    assert served.requests == [{"model": "embed-1", "input": TEXTS, "dimensions": DIMENSIONS}]
    assert meter.total("model_tokens") == 7
    assert meter.total("model_cost_usd") == pytest.approx(7 * 0.02 / 1_000_000)
    assert ("model_calls", 1, {"model": "embed-1", "result": "answered"}) in meter.added


def test_base64_and_any_order_are_read():
    def answer(body):
        data = [{"index": n, "embedding": as_base64(vector(text))} for n, text in enumerate(body["input"])]
        return response(data[::-1])

    with endpoint(answer) as served:
        assert np.allclose(client_of(served.url).embed(TEXTS, retry_for_s=1), norm(TEXTS), atol=1e-6)


def test_many_texts_go_in_batches_and_texts_without_words_are_not_sent():
    texts = [f"text {number}" if number % 5 else " " for number in range(80)]
    with endpoint(embeddings) as served:
        found = client_of(served.url, key=None, batch=20).embed(texts, retry_for_s=1)
    assert [len(request["input"]) for request in served.requests] == [20, 20, 20, 4]
    assert "Authorization" not in served.headers[0]
    for text, row in zip(texts, found, strict=True):
        assert np.allclose(row, norm([text])[0] if text.strip() else 0, atol=1e-6)


def test_a_server_that_takes_fewer_texts_gets_fewer_and_that_is_remembered():
    """text-embeddings-inference takes 32 by default; this one takes 4."""

    def answer(body):
        if len(body["input"]) > 4:
            return refusal(422, {"message": f"batch size {len(body['input'])} > maximum allowed batch size 4"})
        return embeddings(body)

    texts = [f"text {number}" for number in range(16)]
    with endpoint(answer) as served:
        client = client_of(served.url, batch=16)
        assert np.allclose(client.embed(texts, retry_for_s=1), norm(texts), atol=1e-6)
        sent = len(served.requests)
        client.embed(texts, retry_for_s=1)
    assert [len(request["input"]) for request in served.requests[sent:]] == [4, 4, 4, 4]


def test_a_text_that_is_too_long_is_cut_and_the_others_are_not():
    def answer(body):
        if any(len(text) > 1_000 for text in body["input"]):
            return refusal(400, {"error": {"message": "maximum context length is 250 tokens"}})
        return embeddings(body)

    long = "parcel " * 400
    with endpoint(answer) as served:
        found = client_of(served.url).embed(["Refund", long, "Password"], retry_for_s=1)
        sent = {text for request in served.requests for text in request["input"]}
    assert np.allclose(found[[0, 2]], norm(["Refund", "Password"]), atol=1e-6)
    assert long[:700] in sent
    assert np.linalg.norm(found[1]) == pytest.approx(1, abs=1e-5)


def test_a_text_without_a_vector_does_not_hold_up_the_others():
    """Ollama, of a text for which the model's vector is not finite."""

    def answer(body):
        if "poison" in body["input"]:
            return refusal(500, {"error": {"message": "failed to encode response: json: unsupported value: NaN"}})
        return embeddings(body)

    with endpoint(answer) as served:
        found = client_of(served.url).embed(["Refund", "poison", "Password"], retry_for_s=1)
    assert np.allclose(found[[0, 2]], norm(["Refund", "Password"]), atol=1e-6)
    assert not found[1].any()


def test_a_model_that_takes_no_dimensions_is_asked_without():
    def answer(body):
        if "dimensions" in body:
            return refusal(400, {"error": {"message": "This model does not support specifying dimensions."}})
        return embeddings(body)

    with endpoint(answer) as served:
        client = client_of(served.url)
        client.embed(["a word"], retry_for_s=1)
        client.embed(["a word"], retry_for_s=1)
    assert ["dimensions" in request for request in served.requests] == [True, False, False]


def test_another_length_is_refused_at_once_and_never_mixed():
    with endpoint(lambda body: embeddings(body, dimensions=768)) as served:
        with pytest.raises(EmbedderRefused, match="768"):
            client_of(served.url).embed(TEXTS, retry_for_s=5)
    assert len(served.requests) == 1


def test_a_refused_key_is_not_tried_again():
    with endpoint(lambda _body: refusal(401, {"error": {"message": "Incorrect API key provided"}})) as served:
        with pytest.raises(EmbedderRefused, match="401: Incorrect API key"):
            client_of(served.url).embed(TEXTS, retry_for_s=5)
    assert len(served.requests) == 1


def test_an_overloaded_server_is_asked_again_when_it_says():
    times = []

    def answer(body):
        times.append(time.monotonic())
        return embeddings(body) if len(times) > 1 else refusal(429, {}, Retry_After="1")

    with endpoint(answer) as served:
        assert np.allclose(client_of(served.url).embed(TEXTS, retry_for_s=20), norm(TEXTS), atol=1e-6)
    assert times[1] - times[0] >= 1


def test_whoever_has_no_time_learns_when_to_come_back():
    with endpoint(lambda _body: refusal(503, {}, Retry_After="30")) as served:
        client = client_of(served.url)
        with pytest.raises(EmbedderUnavailable) as raised:
            client.embed(TEXTS, retry_for_s=1)
        assert raised.value.after_s == 30
        with pytest.raises(EmbedderUnavailable, match="not asked for now"):
            client.embed(TEXTS, retry_for_s=1)
    assert len(served.requests) == 1  # the server is left alone for as long as it asked


def test_after_failures_in_a_row_a_broken_server_is_left_alone():
    with endpoint(lambda _body: refusal(500, {})) as served:
        client = client_of(served.url)
        for _ in range(8):
            with pytest.raises(EmbedderUnavailable):
                client.embed(TEXTS, retry_for_s=0)
    assert len(served.requests) == 5


def test_a_slow_server_is_given_up_in_time():
    with endpoint(lambda _body: Response(pieces=(b"{",), stays_open_s=20)) as served:
        began = time.monotonic()
        with pytest.raises(EmbedderUnavailable, match="in time"):
            client_of(served.url, timeout_s=0.5).embed(TEXTS, retry_for_s=0.1)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "broken",
    [
        Response(pieces=(b'{"data": [',), content_type="application/json"),
        Response(pieces=(b'{"data"',), truncated=True),
        Response(pieces=(b"<html>Bad gateway</html>",), content_type="text/html"),
        response([]),
    ],
)
def test_a_broken_answer_is_asked_for_again(broken):
    answers = [broken]
    with endpoint(lambda body: answers.pop() if answers else embeddings(body)) as served:
        assert np.allclose(client_of(served.url).embed(TEXTS, retry_for_s=20), norm(TEXTS), atol=1e-6)


def test_a_server_that_is_not_there_is_unavailable():
    with endpoint(embeddings) as served:
        url = served.url
    with pytest.raises(EmbedderUnavailable, match="cannot be reached"):
        client_of(url).embed(TEXTS, retry_for_s=0)


@pytest.mark.parametrize("url", ["http://10.1.2.3/v1", "http://169.254.169.254/v1", "https://192.168.1.1:8080/v1"])
def test_private_addresses_are_not_called_unless_they_are_opened(url):
    with pytest.raises(EmbedderRefused, match="ANSWERBACK_EMBEDDING_ALLOW"):
        client_of(url).embed(TEXTS, retry_for_s=5)


def test_a_redirect_is_not_followed_with_the_key():
    with endpoint(embeddings) as other, endpoint(lambda _body: refusal(302, {}, Location=f"{other.url}/x")) as served:
        with pytest.raises(EmbedderRefused, match="302"):
            client_of(served.url).embed(TEXTS, retry_for_s=1)
        assert other.requests == []


def test_half_an_emoji_is_sent_as_a_question_mark():
    with endpoint(embeddings) as served:
        client_of(served.url).embed(["parcel \ud83d"], retry_for_s=1)
    assert served.requests[0]["input"] == ["parcel ?"]


def test_a_text_that_is_refused_for_what_it_says_does_not_hold_up_the_others():
    def answer(body):
        if "forbidden" in body["input"]:
            return refusal(400, {"error": {"message": "content policy"}})
        return embeddings(body)

    with endpoint(answer) as served:
        client = client_of(served.url)
        found = client.embed(["Refund", "forbidden", "Password"], retry_for_s=1)
        alone = client.embed(["forbidden"], retry_for_s=1)
        before = len(served.requests)
        client.embed([f"text {number}" for number in range(8)], retry_for_s=1)
    assert np.allclose(found[[0, 2]], norm(["Refund", "Password"]), atol=1e-6)
    assert not found[1].any()
    assert not alone.any()
    assert len(served.requests) == before + 1, "the batch is as large as before"


def test_a_server_that_refuses_everything_says_so():
    with endpoint(lambda body: refusal(400, {"error": {"message": "no"}})) as served, pytest.raises(EmbedderRefused):
        client_of(served.url).embed(["Refund"], retry_for_s=1)
