"""The keys of servers are readable by their user alone, also while they are written."""

import os

import pytest

from worker.cli.base import Failure
from worker.cli.profiles import Profile, profiles_file, read_profiles, write_profiles

PROD = Profile(url="https://answers.example", key="ab_secret")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own, where files are readable by everyone unless said otherwise."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    before = os.umask(0)
    yield tmp_path
    os.umask(before)


def test_profiles_are_read_as_they_were_written():
    assert read_profiles() == {}
    write_profiles({"prod": PROD})
    write_profiles({"prod": PROD, "ü": PROD})
    assert read_profiles() == {"prod": PROD, "ü": PROD}
    assert profiles_file().stat().st_mode & 0o777 == 0o600
    assert [path.name for path in profiles_file().parent.iterdir()] == ["profiles.json"]


def test_a_file_that_others_could_read_is_replaced_by_one_that_they_cannot():
    profiles_file().parent.mkdir(parents=True)
    profiles_file().write_text("{}")
    profiles_file().chmod(0o644)
    write_profiles({"prod": PROD})
    assert profiles_file().stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_named(home):
    (home / ".config").write_text("a file")
    with pytest.raises(Failure, match="cannot be written"):
        write_profiles({"prod": PROD})
