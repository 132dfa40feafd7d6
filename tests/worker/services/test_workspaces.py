"""Parts that depend on the settings of a workspace."""

import threading

from worker.access.keys import Keys
from worker.services.accounts import build_secret_box
from worker.services.common import build_workspace_settings
from worker.services.workspaces import PerWorkspace
from worker.settings import Settings


def settings_of_workspaces(store, home):
    settings = Settings(home=home)
    return build_workspace_settings(store, settings, build_secret_box(settings))


def test_a_part_is_built_once_per_version_and_shared_where_nothing_is_overridden(store, workspace_id, tmp_path):
    settings = settings_of_workspaces(store, tmp_path)
    built = []

    def build(given, version):
        built.append((given.min_confidence, version))
        return object()

    parts, other = PerWorkspace(settings, build), Keys(store).workspace("other")
    assert parts.of(workspace_id) is parts.of(other)
    settings.change(workspace_id, {"min_confidence": 0.7})
    first = parts.of(workspace_id)
    assert parts.of(workspace_id) is first
    assert parts.of(other) is not first
    settings.change(workspace_id, {"min_confidence": 0.8})
    assert parts.of(workspace_id) is not first
    assert built == [(0.35, 0), (0.7, 1), (0.8, 2)]


def test_turns_that_begin_together_after_a_change_build_the_part_once(store, workspace_id, tmp_path):
    settings = settings_of_workspaces(store, tmp_path)
    built, barrier = [], threading.Barrier(4)
    parts = PerWorkspace(settings, lambda _settings, version: built.append(version) or object())
    settings.change(workspace_id, {"use_tools": False})

    def turn():
        barrier.wait()
        parts.of(workspace_id)

    threads = [threading.Thread(target=turn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [0, 1]
