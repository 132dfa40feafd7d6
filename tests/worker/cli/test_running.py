"""The command line, as a person and as a script use it."""


def test_a_worker_refuses_to_start_when_a_check_fails(run, tmp_path):
    done = run("worker", "ingest", ANSWERBACK_MODEL_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "answerback model" in done.stderr
    wrong = tmp_path / "rules.toml"
    wrong.write_text("[[rule]]\nname = 1\n")
    done = run("worker", "answer", ANSWERBACK_RULES=str(wrong))
    assert done.returncode == 1
    assert "rules.toml" in done.stderr
