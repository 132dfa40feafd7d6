"""The process that reads a file says what came of it in one JSON object, whatever the file does to it."""

import json
import subprocess
import sys

import pytest

from kb.documents import WORD
from tests.support import files
from tests.support.processes import ROOT

pytestmark = pytest.mark.processes

#: Takes more memory than the process may have, as a decompression bomb would.
GREEDY = """
import io, runpy, sys
from kb import documents
documents.parse = lambda *_, **__: bytearray(3 * 1024**3)
sys.argv = ["reader"]
runpy.run_module("kb.reader_process", run_name="__main__")
"""


def answer(data, media_type, *command):
    asked = json.dumps({"media_type": media_type, "title": "File", "timeout_s": 20.0}).encode() + b"\n"
    done = subprocess.run([sys.executable, *command], input=asked + data, capture_output=True, cwd=ROOT, check=True)
    return json.loads(done.stdout)


def test_a_document_and_an_error_are_each_one_object():
    found = answer(files.word(), WORD, "-m", "kb.reader_process")
    assert found["sections"]
    assert "error" not in found
    damaged = answer(files.word()[:500], WORD, "-m", "kb.reader_process")
    assert damaged["error"] == "DocumentUnreadable"
    assert "damaged" in damaged["reason"]


def test_a_file_that_takes_too_much_memory_is_too_large():
    assert answer(b"", WORD, "-c", GREEDY) == {
        "error": "DocumentTooLarge",
        "reason": "Reading the file takes more than 2 GiB of memory.",
    }
