"""Large files of a snapshot are shared where the file system can."""

import os

from kb.files import link, sha256_of


def test_a_file_is_linked_or_copied_where_links_are_refused(tmp_path, monkeypatch):
    source = tmp_path / "a"
    source.write_bytes(b"x")
    link(source, tmp_path / "linked")
    assert (tmp_path / "linked").stat().st_ino == source.stat().st_ino

    def refuse(*_paths):
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    link(source, tmp_path / "copied")
    assert (tmp_path / "copied").stat().st_ino != source.stat().st_ino
    assert sha256_of(tmp_path / "copied") == sha256_of(source)
