"""The generated parts of the clients cover the whole API, and change with its description."""

import inspect
import json
import typing

import pytest
from answerback_client import Answerback, AsyncAnswerback, errors, types
from answerback_client._version import __version__

from clients import generate, python_code, typescript_code
from clients.description import BY_HAND, LEFT_OUT, Description
from tests.support.processes import ROOT
from tests.test_release import version
from web.http.codes import CODES


@pytest.fixture(scope="module")
def description() -> Description:
    return Description.read(ROOT / "docs" / "openapi.json")


def operation_ids(description: Description) -> set[str]:
    return {call["operationId"] for calls in description.document["paths"].values() for call in calls.values()}


@pytest.mark.processes  # ruff formats them
def test_the_generated_files_are_current(description):
    pytest.importorskip("ruff")
    for path, text in (generate.python_files(description) | generate.typescript_files(description)).items():
        assert path.read_text() == text, f"{path.name}: run `make docs`"


def test_every_operation_is_a_method_of_both_python_clients(description):
    clients = Answerback("key"), AsyncAnswerback("key")
    for id in operation_ids(description) - LEFT_OUT:
        resource, name = id.split(".")
        for client in clients:
            assert callable(getattr(getattr(client, resource), name)), id
    assert operation_ids(description) >= LEFT_OUT | BY_HAND, "an operation that is gone"


def test_every_operation_is_a_method_of_the_typescript_client(description):
    source = (ROOT / "clients" / "typescript" / "src" / "generated" / "resources.ts").read_text()
    source += (ROOT / "clients" / "typescript" / "src" / "messages.ts").read_text()
    for id in operation_ids(description) - LEFT_OUT:
        assert f"  {typescript_code.camel_case(id.split('.')[1])}(" in source, id


def test_every_code_of_the_api_has_an_exception_with_its_meaning():
    for code in CODES:
        if code in ("method_not_allowed", "not_installed", "webhook_refused", "webhook_postponed"):
            continue  # no operation of the clients has them
        exception = getattr(errors, python_code.pascal_case(code))
        assert issubclass(exception, errors.ApiError)
        assert exception.__doc__.startswith(f"{CODES[code].status}: ")


def test_types_of_requests_refuse_unknown_fields_and_know_what_is_required():
    hints = typing.get_type_hints(types.NewTicket, include_extras=True)
    assert hints["body"] is str
    assert {name for name, hint in hints.items() if typing.get_origin(hint) is not typing.NotRequired} == {"body"}
    hints = typing.get_type_hints(types.Message)
    assert set(typing.get_args(hints["state"])) >= {"queued", "answered", "handed_off"}
    signature = inspect.signature(Answerback("key").tickets.create)
    assert signature.parameters["body"].annotation == "Unpack[types.NewTicket]"


def test_both_clients_have_the_version_of_the_service():
    assert __version__ == version()
    for name in ("package.json", "package-lock.json"):
        manifest = json.loads((ROOT / "clients" / "typescript" / name).read_text())
        assert manifest["version"] == version()
    assert f'"{version()}"' in (ROOT / "clients" / "typescript" / "src" / "generated" / "version.ts").read_text()


@pytest.mark.parametrize(
    ("schema", "python", "typescript"),
    [
        ({"type": ["string", "null"]}, "str | None", "string | null"),
        ({"type": "string", "enum": ["a", "b"]}, 'Literal["a", "b"]', '"a" | "b"'),
        ({"type": ["string", "null"], "enum": ["a"]}, 'Literal["a", None]', '"a" | null'),
        (
            {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
            'list[Literal["a", "b"]]',
            '("a" | "b")[]',
        ),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "dict[str, float]", "Record<string, number>"),
        ({"type": "object", "additionalProperties": {}}, "dict[str, Any]", "Record<string, unknown>"),
        ({"anyOf": [{"$ref": "#/components/schemas/Reply"}, {"type": "null"}]}, "Reply | None", "Reply | null"),
        ({"description": "anything"}, "Any", "unknown"),
    ],
)
def test_schemas_become_types_that_allow_the_same(schema, python, typescript):
    assert python_code.annotation(schema) == python
    assert typescript_code.annotation(schema) == typescript


def test_a_schema_that_has_no_name_is_refused_rather_than_lost():
    nested = {"type": "object", "properties": {"a": {"type": "string"}}}
    with pytest.raises(ValueError, match="has no name"):
        python_code.annotation(nested)
    with pytest.raises(ValueError, match="has no name"):
        typescript_code.annotation(nested)
