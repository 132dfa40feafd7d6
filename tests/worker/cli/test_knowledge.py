"""The command line, as a person and as a script use it."""

import json


def test_ingest_ask_search_roll_back(run, tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "password.md").write_text("# Reset your password\n\nOpen the sign-in page and choose Forgot password.\n")
    (folder / "bad.csv").write_text("a,b\n1,2\n")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    done = run("ingest", str(folder))
    assert done.returncode == 1
    assert "bad.csv: The table needs" in done.stderr
    assert "1 document added or changed, 0 unchanged, 1 failed" in done.stdout
    (folder / "bad.csv").unlink()
    again = json.loads(run("ingest", "--json", str(folder)).stdout)
    assert again == {"added": 0, "unchanged": 1, "failed": {}, "snapshot": None}

    asked = run("ask", "How do I reset my password?")
    assert asked.returncode == 0, asked.stderr
    assert "choose Forgot password [1]." in asked.stdout
    assert "Sources" in asked.stdout
    told = json.loads(run("ask", "--json", "How do I reset my password?").stdout)
    assert (told["outcome"], told["citations"][0]["title"]) == ("answer", "Reset your password")
    handed = json.loads(run("ask", "--json", "Who won the world cup?").stdout)
    assert (handed["outcome"], handed["reason"]) == ("handoff", "no_answer")

    (found,) = json.loads(run("search", "--json", "forgotten password").stdout)["items"]
    assert found["scores"]["dense"] > 0.4
    (folder / "second.md").write_text("# Parcels\n\nParcels arrive in two days.\n")
    run("ingest", str(folder))
    versions = json.loads(run("snapshots", "--json").stdout)
    assert [one["active"] for one in versions] == [True, False]
    assert run("snapshots", "activate", versions[1]["version"]).returncode == 0
    assert len(json.loads(run("search", "--json", "parcels").stdout)["items"]) == 1
    assert run("snapshots", "activate", "none").returncode == 1
