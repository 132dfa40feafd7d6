"""`answerback sources`, on the command line."""

import json

import pytest


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "open" / "help"
    made.mkdir(parents=True)
    for number in range(6):
        (made / f"article-{number}.md").write_text(f"# Article {number}\n\nAbout subject {number}.")
    return made


def test_a_folder_is_added_looked_at_published_and_deleted(run, folder):
    refused = run("sources", "add", "folder", str(folder))
    assert refused.returncode == 1
    assert "ANSWERBACK_SOURCE_FOLDERS" in refused.stderr
    env = {"ANSWERBACK_SOURCE_FOLDERS": str(folder.parent)}
    added = run("sources", "add", "folder", str(folder), "--name", "help", "--tag", "manual", **env)
    assert added.returncode == 0, added.stderr
    looked = run("sources", "look", "help", **env)
    assert looked.stdout == "6 added, 0 changed, 0 unchanged, 0 gone, 0 failed.\n", looked.stderr
    assert "Article 3" in run("search", "subject 3", "--source", "help", "--tag", "manual").stdout
    for number in range(4):
        (folder / f"article-{number}.md").unlink()
    held = run("sources", "look", "help", **env)
    assert held.returncode == 1
    assert "4 of its 6 documents would be gone" in held.stderr
    assert json.loads(run("sources", "look", "help", "--accept-loss", "--json", **env).stdout)["gone"] == 4
    assert [run_["state"] for run_ in json.loads(run("sources", "runs", "help", "--json").stdout)] == [
        "done",
        "held",
        "done",
    ]
    assert run("sources", "pause", "help").returncode == 0
    assert json.loads(run("sources", "--json").stdout)[0]["state"] == "paused"
    assert run("sources", "resume", "help").returncode == 0
    assert run("sources").stdout.splitlines()[1].split()[:4] == ["help", "folder", "queued", "2"]
    assert run("sources", "remove", "help", "--with-documents").returncode == 0
    assert run("sources", "look", "help").returncode == 1
    assert json.loads(run("audit", "--json").stdout)[0]["action"] == "sources.remove"


def test_a_wiki_is_added_with_its_token_and_a_bad_location_is_refused(run):
    refused = run("sources", "add", "notion", "https://www.notion.so/Help", "--token", "very-secret")
    assert refused.returncode == 1
    assert "https://api.notion.com" in refused.stderr
    location = "https://shop.atlassian.net/wiki/spaces/HELP"
    added = run(
        "sources", "add", "confluence", location, "--email", "a@b.example", ANSWERBACK_SOURCE_TOKEN="very-secret"
    )
    assert added.returncode == 0, added.stderr
    (shown,) = json.loads(run("sources", "--json").stdout)
    assert (shown["kind"], shown["email"], shown["has_token"]) == ("confluence", "a@b.example", True)
    assert "very-secret" not in f"{shown}{added.stdout}{added.stderr}{refused.stderr}"
