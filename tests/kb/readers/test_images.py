"""Text in images is read where tesseract is installed; what it cannot read says why."""

import subprocess

import pytest

from kb.errors import DocumentUnreadable
from kb.readers import images


@pytest.fixture
def tesseract(monkeypatch):
    """Let tesseract end so: its exit status and what it writes, or an error."""
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")

    def ends(status: int, stdout: bytes = b"", error: Exception | None = None) -> list[list[str]]:
        commands = []

        def run(command, **_options):
            commands.append(command)
            if error is not None:
                raise error
            return subprocess.CompletedProcess(command, status, stdout, b"")

        monkeypatch.setattr("subprocess.run", run)
        return commands

    return ends


def test_each_paragraph_is_a_block_on_one_line(tesseract):
    commands = tesseract(0, b"Free for\n30 days.\n\nUse the label.\n\x0c")
    assert [text for _kind, _level, text, _anchor in images.read_image(b"PNG")] == [
        "Free for 30 days.",
        "Use the label.",
    ]
    assert commands == [["/usr/bin/tesseract", "stdin", "stdout"]]


@pytest.mark.parametrize(
    ("status", "stdout", "error", "reason"),
    [
        (1, b"", None, "damaged"),
        (0, b" \n\x0c", None, "No text"),
        (0, b"", subprocess.TimeoutExpired("tesseract", 30), "within 30 s"),
    ],
)
def test_an_image_that_gives_no_text_says_why(tesseract, status, stdout, error, reason):
    tesseract(status, stdout, error)
    with pytest.raises(DocumentUnreadable, match=reason):
        list(images.read_image(b"PNG"))


def test_without_tesseract_it_is_named(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(DocumentUnreadable, match="tesseract is installed"):
        list(images.read_image(b"PNG"))
