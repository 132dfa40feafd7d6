"""OpenAPI documents are read as JSON has it, whatever YAML makes of their values."""

import pytest

from worker.answering.tools.openapi_documents import Unsupported, operations, read_document

HEAD = "openapi: 3.1.0\npaths:\n  /a:\n    get:\n"


def test_scalars_of_yaml_are_those_of_json(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(HEAD + "      tags: [yes, on, No, 2026-11-20, 2026-11-20T10:00:00Z, true, null, ~, 7, 1.5]\n")
    (operation,) = operations(read_document(path))
    assert operation.declared["tags"] == [
        *("yes", "on", "No", "2026-11-20", "2026-11-20T10:00:00Z"),
        *(True, None, None, 7, 1.5),
    ]


@pytest.mark.parametrize("text", ["a: [", "&a [*a]", "openapi: 3.1.0", HEAD.replace("3.1", "2.0"), "!!python/name:os"])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(Unsupported, match=r"is neither JSON nor YAML|is not an OpenAPI"):
        read_document(path)
