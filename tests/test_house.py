"""What keeps the house in order: the front is light, every route is guarded, the compose file runs our commands."""

import re
import shlex
import subprocess
import sys
import time

import pytest
import yaml

from tests import house
from tests.support.processes import ROOT
from worker.launch.supervisor import PROGRAMS
from worker.launch.up import sample_folder

#: Routes that need no key, on purpose.
PUBLIC = {"/", "/healthz", "/readyz", "/openapi.json", "/docs/", "/docs/<path:path>", "/docs/errors"}
#: What helpdesks call has their own signature instead of a key: see tests/web/integrations/test_helpdesks.py.
PUBLIC |= {"/v1/helpdesks/<string:helpdesk_id>/inbound"}
#: And so has what providers of mail post: see tests/web/integrations/test_mailboxes.py.
PUBLIC |= {
    f"/v1/mailboxes/<string:mailbox_id>/inbound/{provider}"
    for provider in ("mailgun/mime", "postmark", "sendgrid", "ses")
}
PUBLIC |= {
    "/widget.js",
    "/widget/sessions",
    "/widget/texts/<language>.json",
    "/demo",
    "/demo/<any('demo.css'):filename>",
}  # tests/web/widget/test_widget.py
PUBLIC |= {"/metrics"}  # to this machine alone: tests/web/operations/test_metrics.py


@pytest.mark.processes
def test_the_front_is_light():
    """`web` never loads the index, torch, onnxruntime or the model's client."""
    script = (
        "import sys; import web; web.create_app();"
        "heavy = {'faiss', 'torch', 'onnxruntime', 'openai', 'tantivy', 'transformers', 'numpy'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr


@pytest.mark.processes
def test_nothing_is_a_symbolic_link():
    """Archives and checkouts make them files that hold a path, or copies that grow old."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    held = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "README.md" in held
    assert [line for line in held.splitlines() if line.startswith("120000")] == []


@pytest.mark.processes
def test_importing_opens_reads_and_loads_nothing():
    """The environment is read when something is built, not when a module is imported."""
    script = "import web, tasks, worker.services, worker.launch.process, worker.cli, kb; import worker.app"
    env = {"PATH": "/usr/bin", "ANSWERBACK_PORT": "not a port", "PYTHONPATH": str(ROOT)}
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", script], check=True, cwd="/", env=env)
    assert time.monotonic() - began < 30


def test_every_route_needs_a_key_unless_it_says_otherwise(tmp_path):
    from pathlib import Path

    from web import create_app
    from worker.settings import Settings

    app = create_app(Settings(home=Path(tmp_path), redis_url="redis://127.0.0.1:1/0", rate_limit=None))
    client = app.test_client()
    seen = 0
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            if rule.rule in PUBLIC:
                continue
            if rule.rule.startswith("/console"):  # has its own login: tests/web/console/test_session.py
                continue
            headers = {"Connection": "Upgrade", "Upgrade": "websocket"} if rule.websocket else {}
            answered = client.open(path, method=method, headers=headers)
            assert answered.status_code == 401, f"{method} {rule.rule} is open"
            seen += 1
    assert seen >= 24


def test_the_compose_file_runs_the_commands_that_are_used_by_hand():
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    commands = {name: service.get("command") for name, service in composed["services"].items()}
    for name, command in PROGRAMS.items():
        assert commands[name] == command, name
    assert {"postgres", "redis"} <= set(commands)


@pytest.mark.parametrize(
    "page", [str(page.relative_to(ROOT)) for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))]
)
def test_commands_in_the_docs_exist(page):
    from worker.cli import main

    text = (ROOT / page).read_text()
    for line in re.findall(r"^\s*(?:\$ )?(answerback [a-z].*)$", text, re.M):
        words = shlex.split(line.split("#")[0])[1:]
        command = main
        for word in words:
            known = getattr(command, "commands", {})
            if word in known:
                command = known[word]
        assert command is not main, line
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make ([a-z]+)`", text)):
        assert f"\n{target}:" in makefile, target


def test_links_between_pages_lead_somewhere():
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} -> {target}"


def test_the_sample_is_a_believable_help_centre():
    articles = sorted(sample_folder().glob("*.md"))
    assert len(articles) >= 25
    assert all(article.read_text().startswith("---\nurl: https://") for article in articles)


def test_make_test_looks_for_tests_that_run_beside_each_other_or_alone_where_they_are():
    from tests.conftest import _ALONE, _PROCESS_FOLDERS

    makefile = (ROOT / "Makefile").read_text()
    for name, places in (("BESIDE", {*_PROCESS_FOLDERS} - {*_ALONE}), ("ALONE", _ALONE)):
        folders = re.search(rf"^{name} :?= (.+)$", makefile, re.M)[1].split()
        assert all(any(f"tests/{place}".startswith(folder) for folder in folders) for place in places), name


def test_no_retired_name_comes_back_no_function_grows_too_long_and_no_module_goes_untested():
    assert house.problems() == []


@pytest.mark.parametrize(
    ("name", "retired"),
    [("talk", True), ("_shelf", True), ("_MOST_BYTES", True), ("MAX_BYTES", False), ("told_at", False)],
)
def test_a_retired_name_is_known_with_its_underscores_and_as_part_of_a_constant(name, retired):
    assert house.is_retired(name) is retired


@pytest.mark.parametrize("opening", ["What a message was recognised as.", "Yield what is left.", "See the module."])
def test_a_docstring_that_names_no_thing_is_known_by_its_opening(opening):
    assert house.RIDDLE.match(opening)
    assert not house.RIDDLE.match("Whatever a caller passes is kept.")
