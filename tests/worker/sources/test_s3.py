"""Files of a bucket are followed; keys are never shown."""

import threading

import pytest

from tests.support.fakes import TableClock
from tests.worker.sources.site import last_run, look
from worker.addresses import Guard
from worker.states import RunState

pytest.importorskip("minio")

from tests.worker.sources.buckets import ACCESS_KEY, SECRET_KEY, Bucket
from worker.sources.s3 import _Pool
from worker.sources.web import Robots, Web


@pytest.fixture
def bucket():
    server = Bucket()
    for name in ("returns", "delivery", "payment"):
        server.objects[f"help/{name}.md"] = f"# {name.capitalize()}\n\nAbout {name}.".encode()
    server.objects["help/a + b/größe 100%.md"] = b"# Sizes\n\nAbout sizes."
    server.objects |= {"help/": b"", "help/logo.png": b"\x89PNG", "help/.trash/old.md": b"# Old", "other/x.md": b"# X"}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def options(bucket):
    return {"location": f"{bucket.url}/bucket/help/", "access_key": ACCESS_KEY, "token": SECRET_KEY}


@pytest.fixture
def made(following, bucket, options):
    assert following.make("s3", language="en", tags=["files"], **options) == (4, 0, 0, 0, 0)
    following.embedded()
    bucket.asked.clear()
    return following


def reads(bucket):
    return [path for path in bucket.asked if path.startswith("/bucket/help/")]


def test_files_that_can_be_read_come_page_by_page_whatever_their_names(made):
    shown = made.shown()
    assert set(shown) == {"Returns", "Delivery", "Payment", "Sizes"}
    assert (shown["Returns"].language, shown["Returns"].tags, shown["Returns"].url) == ("en", ["files"], None)


def test_only_what_changed_is_read_and_embedded(made, bucket):
    assert made.again() == (0, 0, 4, 0, 0)
    assert reads(bucket) == []
    bucket.objects["help/returns.md"] = b"# Returns\n\nSixty days."
    bucket.objects["help/warranty.md"] = b"# Warranty\n\nTwo years."
    assert made.again() == (1, 1, 3, 0, 0)
    assert len(reads(bucket)) == 2
    assert made.embedded() == ["Returns", "Warranty"]


def test_a_deleted_file_is_gone_and_never_cited(made, bucket):
    del bucket.objects["help/payment.md"]
    assert made.again() == (0, 0, 3, 1, 0)
    made.embedded()
    assert "Payment" not in made.cited("payment")


@pytest.mark.parametrize("answered", [0, 1, 2])
def test_a_list_that_fails_half_way_removes_nothing(made, bucket, answered):
    del bucket.objects["help/payment.md"]
    bucket.broken_after = answered
    assert made.look()["state"] == RunState.FAILED
    assert len(made.shown()) == 4


def test_a_list_that_never_ends_is_given_up(made, bucket, monkeypatch):
    endless = (
        b"<ListBucketResult><Name>bucket</Name><IsTruncated>true</IsTruncated>"
        b"<NextContinuationToken>1o/+=0</NextContinuationToken></ListBucketResult>"
    )
    monkeypatch.setattr(bucket, "_listed", lambda _query: endless)
    monkeypatch.setattr("worker.sources.s3._MAX_LISTED", 500)
    assert "never ends" in made.look()["error"]


def test_a_server_that_is_busy_is_waited_for(following, bucket, options):
    bucket.busy = 1
    following.sources.make(following.workspace_id, {"kind": "s3", **options})
    look(following.runner, following.workspace_id)
    assert last_run(following.store)["state"] == RunState.RUNNING
    TableClock.advance(following.store, 31)
    look(following.runner, following.workspace_id)
    assert len(following.shown()) == 4


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"token": "wrong-secret"}, "The secret key is wrong."),
        ({"access_key": "AKIAOTHER"}, "The access key is not known."),
        ({"location": "/elsewhere"}, "There is no such bucket."),
    ],
)
def test_what_is_refused_is_said_and_keys_are_not(following, bucket, options, wrong, reason, caplog, capsys):
    if "location" in wrong:
        wrong = {"location": bucket.url + wrong["location"]}
    id = following.sources.make(following.workspace_id, {"kind": "s3", **options, **wrong})["id"]
    look(following.runner, following.workspace_id)
    shown = following.sources.show(following.workspace_id, id)
    assert shown["error"] == reason
    said = f"{shown}{caplog.text}{capsys.readouterr()}"
    assert SECRET_KEY not in said
    assert "wrong-secret" not in said
    assert ACCESS_KEY not in shown["error"]


def test_a_server_of_something_else_says_so(following, centre):
    centre.write("/bucket", "A page.")
    following.sources.make(following.workspace_id, {"kind": "s3", "location": f"{centre.url}/bucket"})
    look(following.runner, following.workspace_id)
    assert "does not speak S3" in last_run(following.store)["error"]


def test_no_address_is_called_that_is_not_allowed():
    pool = _Pool(Web(guard=Guard(), robots=Robots(), rate=0))
    with pytest.raises(Exception, match="private or reserved"):
        pool.urlopen("GET", "https://169.254.169.254/latest/meta-data")
    pool.caller.close()


def test_what_a_server_sends_compressed_is_read(following, bucket, options):
    bucket.compresses = True
    assert following.make("s3", **options) == (4, 0, 0, 0, 0)
    assert "Returns" in following.shown()
