"""`answerback settings`, on the command line."""

import json

from cryptography.fernet import Fernet

from worker.settings import Settings
from worker.store.engine import open_store
from worker.store.tables import workspace_settings


def shown(run, name):
    (item,) = json.loads(run("settings", "show", name, "--json").stdout)["items"]
    return item["value"], item["source"]


def test_a_setting_is_set_shown_and_taken_back_and_the_audit_log_has_the_change(run):
    done = run("settings", "set", "min_confidence", "0.6")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "min_confidence: (default) → 0.6\n"
    assert shown(run, "min_confidence") == (0.6, "workspace")
    assert "min_confidence        0.6" in run("settings", "show").stdout
    run("settings", "set", "models", "large", "small")
    assert shown(run, "models") == (["large", "small"], "workspace")
    assert run("settings", "unset", "models", "min_confidence").returncode == 0
    assert shown(run, "models") == (["gpt-4o-mini"], "default")
    newest, *_ = json.loads(run("audit", "--json").stdout)
    assert newest["action"] == "settings.update"
    assert {"name": "models", "before": ["large", "small"], "after": None} in newest["changes"]


def test_a_wrong_value_and_a_setting_of_the_installation_are_refused_with_the_reason(run):
    for arguments, problem in (
        (("set", "min_confidence", "high"), "Must be a number from 0 to 1"),
        (("set", "port", "80"), "set ANSWERBACK_PORT"),
        (("unset", "modles"), "Did you mean models?"),
        (("set", "openai_base_url", "http://10.0.0.1/v1"), "ANSWERBACK_MODEL_ALLOW"),
        (("set", "models", "--workspace", "none"), "none"),
    ):
        refused = run("settings", *arguments)
        assert refused.returncode == 1, arguments
        assert problem in refused.stderr
    assert run("settings", "set", "min_confidence").returncode == 2
    assert run("settings", "show", "port").returncode == 2


def test_an_override_of_another_version_is_shown_and_taken_back(run, env):
    run("settings", "set", "use_tools", "off")
    store = open_store(Settings.from_env(env).database)
    with store.begin() as tx:
        tx.execute(workspace_settings.update().values(overrides={"use_tools": False, "of_tomorrow": 1}))
    store.close()
    assert "of_tomorrow" in run("settings", "show").stdout
    done = run("settings", "unset", "of_tomorrow")
    assert (done.returncode, done.stdout) == (0, "of_tomorrow: 1 → (default)\n"), done.stderr
    assert "of_tomorrow" not in run("settings", "show").stdout
    assert "no setting of this name" in run("settings", "unset", "of_tomorrow").stderr


def test_a_secret_is_read_from_standard_input_or_a_prompt_and_never_printed(run):
    done = run("settings", "set", "openai_api_key", "-", stdin="sk-secret\n")
    assert done.returncode == 0, done.stderr
    done = run("settings", "set", "openai_api_key", stdin="sk-other\n")
    assert done.returncode == 0, done.stderr
    everything = run("settings", "show").stdout + run("settings", "export").stdout + run("audit", "--json").stdout
    assert "sk-" not in everything


def test_secrets_outlive_the_key_that_they_were_encrypted_with(run):
    assert run("settings", "rotate-secrets").stdout == "0 secrets are encrypted with the first key.\n"
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    run("settings", "set", "openai_api_key", "-", stdin="sk-secret\n", ANSWERBACK_SECRET_KEYS=old)
    refused = run("settings", "rotate-secrets", ANSWERBACK_SECRET_KEYS=new)
    assert refused.returncode == 1
    assert "openai_api_key of the workspace ws_" in refused.stderr
    done = run("settings", "rotate-secrets", ANSWERBACK_SECRET_KEYS=f"{new},{old}")
    assert (done.returncode, done.stdout) == (0, "1 secrets are encrypted with the first key.\n"), done.stderr
    assert run("settings", "rotate-secrets", ANSWERBACK_SECRET_KEYS=new).returncode == 0


def test_a_file_of_one_workspace_makes_the_same_in_another(run, tmp_path):
    file = tmp_path / "settings.yaml"
    run("settings", "set", "models", "large", "small")
    run("settings", "set", "use_tools", "off")
    assert run("settings", "export", "--file", str(file)).returncode == 0
    assert run("settings", "apply", str(file)).stdout == "Nothing differs.\n"

    run("keys", "make", "other", "--workspace", "other")
    run("settings", "set", "redact_model", "on", "--workspace", "other")
    asked = run("settings", "apply", str(file), "--workspace", "other", stdin="n\n")
    assert "models: (default) → large, small" in asked.stdout
    assert "redact_model: on → (default)" in asked.stdout
    assert asked.returncode == 1
    assert "models: " not in run("settings", "export", "--workspace", "other").stdout
    assert run("settings", "apply", str(file), "--workspace", "other", "--yes").returncode == 0
    first, second = (run("settings", "export", "--workspace", name).stdout for name in ("default", "other"))
    assert first == second

    file.write_text("settings: {min_confidence: 7}\nformat: 1\n")
    refused = run("settings", "apply", str(file), "--yes")
    assert (refused.returncode, "min_confidence: Must be" in refused.stderr) == (1, True)
    file.write_bytes(b"\xff")
    assert "is not UTF-8" in run("settings", "apply", str(file), "--yes").stderr
