"""Files and folders become documents; each that does not says why, and stops no other."""

import io
import zipfile

import pytest

from worker.knowledge.ingest import documents_in, is_url
from worker.knowledge.library import NewDocument


def found(*given):
    return dict(documents_in(map(str, given), None))


@pytest.mark.parametrize(
    ("given", "url"), [("https://a.example", True), ("http://a.example", True), ("https.md", False), ("ftp://a", False)]
)
def test_what_begins_as_a_web_address_is_one(given, url):
    assert is_url(given) is url


def test_a_folder_gives_its_readable_files_in_the_order_of_their_names(tmp_path):
    for name in ("b.md", "a/z.txt", "a/.hidden", "picture.xyz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("# Title\n\nText.")
    assert list(found(tmp_path)) == [str(tmp_path / "a/z.txt"), str(tmp_path / "b.md")]


def test_a_file_has_the_title_that_it_gives_itself_and_its_whole_path_as_name(tmp_path, monkeypatch):
    (tmp_path / "guide.md").write_text("# The guide\n\nText.")
    monkeypatch.chdir(tmp_path)
    (document,) = found("guide.md").values()
    assert isinstance(document, NewDocument)
    assert (document.title, document.titled, document.name) == ("The guide", True, str(tmp_path / "guide.md"))


def test_a_file_that_is_missing_or_of_another_kind_says_so_and_the_next_is_read(tmp_path):
    (tmp_path / "x.xyz").write_bytes(b"?")
    (tmp_path / "a.md").write_text("# A\n\nText.")
    missing, unknown, read = found(tmp_path / "gone.md", tmp_path / "x.xyz", tmp_path / "a.md").values()
    assert "No such file" in missing
    assert unknown.startswith("unknown kind of file")
    assert isinstance(read, NewDocument)


def test_an_archive_gives_its_members_under_its_own_name(tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.md", "# A\n\nText.")
    (tmp_path / "help.zip").write_bytes(made.getvalue())
    assert list(found(tmp_path / "help.zip")) == [f"{tmp_path / 'help.zip'}/a.md"]
