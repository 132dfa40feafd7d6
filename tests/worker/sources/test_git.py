"""A repository of Markdown is followed commit by commit, over HTTP and from a folder."""

import threading
import wsgiref.simple_server

import pytest
from dulwich import porcelain
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain

from tests.support.fakes import TableClock
from tests.worker.sources.site import counts, keys, last_run, look, runner_of, sources_of, titles
from worker.addresses import Guard
from worker.sources.kinds import Connectors
from worker.states import RunState

pytestmark = pytest.mark.processes  # a commit looks for hooks


class _Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_arguments):
        pass


def commit(folder, message="change"):
    porcelain.add(str(folder))
    with Repo(str(folder)) as repository:
        for path in list(repository.open_index()):
            if not (folder / path.decode()).exists():
                porcelain.remove(str(folder), [str(folder / path.decode())])
    porcelain.commit(str(folder), message=message.encode(), author=b"A <a@a.example>", committer=b"A <a@a.example>")


@pytest.fixture
def folder(tmp_path):
    """A repository with two Markdown files."""
    made = tmp_path / "open" / "docs"
    (made / "guide").mkdir(parents=True)
    porcelain.init(str(made))
    (made / "returns.md").write_text("# Returns\n\nThirty days.")
    (made / "guide" / "pay.md").write_text("# Payment\n\nBy card.")
    (made / "setup.txt").write_text("Not Markdown.")
    commit(made)
    return made


@pytest.fixture
def served(folder):
    """The repository's address, and what was asked for."""
    asked = []
    with Repo(str(folder)) as repository:
        application = make_wsgi_chain(DictBackend({"/docs.git": repository}))

        def logged(environ, start_response):
            asked.append((environ["PATH_INFO"], environ.get("HTTP_AUTHORIZATION")))
            if environ["PATH_INFO"].startswith("/private"):
                start_response("401 Unauthorized", [("Content-Length", "0")])
                return [b""]
            return application(environ, start_response)

        server = wsgiref.simple_server.make_server("127.0.0.1", 0, logged, handler_class=_Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()
        server.server_close()


def test_commits_are_followed_and_only_a_new_one_is_fetched(store, library, workspace_id, folder, served):
    url, asked = served
    sources_of(store, library).make(workspace_id, {"kind": "git", "location": f"{url}/docs.git", "token": "secret"})
    runner = runner_of(store, library)
    look(runner, workspace_id)
    assert counts(store) == (2, 0, 0, 0, 0)
    assert titles(store) == ["Payment", "Returns"]
    assert {header for _path, header in asked} == {"Basic dG9rZW46c2VjcmV0"}
    fetches = len(asked)
    TableClock.advance(store, 86_401)
    look(runner, workspace_id)
    assert counts(store)[:2] == (0, 0)
    assert len(asked) - fetches <= 2, "the list of branches alone"
    (folder / "returns.md").write_text("# Returns\n\nSixty days.")
    (folder / "guide" / "pay.md").unlink()
    (folder / "warranty.md").write_text("# Warranty\n\nTwo years.")
    commit(folder)
    TableClock.advance(store, 86_401)
    look(runner, workspace_id)
    assert counts(store) == (1, 1, 0, 1, 0)
    assert keys(store) == ["returns.md", "warranty.md"]


def test_a_repository_in_a_folder_and_patterns(store, library, workspace_id, folder):
    roots = [str(folder.parent)]
    sources_of(store, library, roots=roots).make(
        workspace_id, {"kind": "git", "location": str(folder), "include": ["guide/*", "*.txt"]}
    )
    look(runner_of(store, library, roots=roots), workspace_id)
    assert keys(store) == ["guide/pay.md", "setup.txt"]


@pytest.mark.parametrize(
    ("path", "options", "reason"),
    [
        ("/docs.git", {"branch": "nowhere"}, "no branch nowhere"),
        ("/private.git", {}, "or its token is needed"),
        ("/missing.git", {}, "repository"),
    ],
)
def test_a_repository_that_cannot_be_read_says_why(store, library, workspace_id, served, path, options, reason):
    url, _asked = served
    sources_of(store, library).make(workspace_id, {"kind": "git", "location": f"{url}{path}", **options})
    look(runner_of(store, library), workspace_id)
    assert last_run(store)["state"] == RunState.FAILED
    assert reason in last_run(store)["error"]


def test_private_addresses_are_not_fetched(store, library, workspace_id, served):
    url, asked = served
    sources_of(store, library).make(workspace_id, {"kind": "git", "location": f"{url}/docs.git"})
    strict = Connectors(guard=Guard(), roots=(), rate=0)
    look(runner_of(store, library, connect=strict), workspace_id)
    assert "private or reserved" in last_run(store)["error"]
    assert asked == []
