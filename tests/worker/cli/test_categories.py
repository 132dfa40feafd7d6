"""`answerback category`, on the command line."""

import json

FLEET = {
    "priority": "high",
    "examples": [
        "We run 40 vans and need a new leasing offer",
        "our company fleet of 25 vans needs a new leasing offer",
        "Please send a leasing offer for 60 delivery vans",
        "fleet manager here, we need a leasing offer for more vans",
        "leasing offer for our fleet of 80 vans please",
    ],
}


def test_a_category_is_set_from_a_file_checked_listed_and_deleted(run, tmp_path):
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(FLEET))
    done = run("category", "set", "fleet", "--file", str(path))
    assert done.returncode == 0, done.stderr
    assert "compared with 5 examples of fleet" in done.stdout
    assert json.loads(run("category", "list").stdout) == [{**FLEET, "name": "fleet", "counter_examples": []}]
    assert json.loads(run("audit", "--json").stdout)[0]["action"] == "category.put"
    assert run("category", "check", "other").returncode == 1
    assert run("category", "delete", "fleet").returncode == 0
    assert run("category", "delete", "fleet").returncode == 1
    path.write_text('{"examples": ["one"]}')
    assert "examples: Length must be between 5 and 200." in run("category", "set", "fleet", "--file", str(path)).stderr
    path.write_text("{")
    assert "is not JSON" in run("category", "set", "fleet", "--file", str(path)).stderr
