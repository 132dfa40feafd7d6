"""`answerback voice`, on the command line."""

import json


def test_the_voice_of_a_workspace_is_shown_set_from_a_file_and_written_to_the_audit_log(run, tmp_path):
    before = json.loads(run("voice", "show").stdout)
    assert (before["name"], before["max_sentences"]) == (None, 5)
    path = tmp_path / "voice.json"
    path.write_text(json.dumps({**before, "name": "Mia"}))
    done = run("voice", "set", "--file", str(path))
    assert done.returncode == 0, done.stderr
    assert json.loads(run("voice", "show").stdout) == {**before, "name": "Mia"}
    assert json.loads(run("audit", "--json").stdout)[0]["action"] == "voice.put"

    path.write_text('{"max_sentences": 0, "channels": {"email": {"citations": "x"}}}')
    refused = run("voice", "set", "--file", str(path))
    assert refused.returncode == 1
    assert "max_sentences: Must be" in refused.stderr
    assert "channels.email.citations: Must be" in refused.stderr
    path.write_text("{")
    assert "is not JSON" in run("voice", "set", "--file", str(path)).stderr
    assert run("voice", "show", "--workspace", "none").returncode == 1
