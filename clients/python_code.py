"""The generated modules of the Python client: types, errors by code, and the methods of each resource."""

from collections.abc import Iterable, Iterator, Mapping

from clients.description import Description, Json, Operation, pascal_case, reference

_HEAD = '"""{doc}\n\nGenerated from docs/openapi.json by clients/generate.py: do not edit.\n"""\n'

_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}

#: Resources that hand-written classes extend, with the module of these.
EXTENDED = {"messages": "messages", "documents": "documents"}


def types(description: Description) -> str:
    """Return the module of all types."""
    lines = [
        _HEAD.format(doc="The objects of the API: requests, responses, queries and events."),
        "from __future__ import annotations\n",
        "from typing import Any, Literal, NotRequired, TypedDict\n",
    ]
    for name, schema in description.schemas.items():
        lines += _typed_dict(name, schema.get("properties", {}), set(schema.get("required", ())))
    for operation in operations(description):
        if operation.query:
            lines += _typed_dict(f"{operation.type_prefix}Query", operation.query, set())
        if operation.form:
            lines += _typed_dict(f"{operation.type_prefix}Form", operation.form, set())
    return "\n".join([*lines, *_events(description)])


def errors(description: Description) -> str:
    """Return the module with an exception for each error code."""
    lines = [
        _HEAD.format(doc="An exception for each `code` of the API's errors."),
        "from __future__ import annotations\n",
        "from answerback_client._api_error import ApiError\n",
    ]
    lines += ["__all__ = [", *(f'    "{pascal_case(code)}",' for code in description.errors), "]\n"]
    for code, (status, meaning) in description.errors.items():
        lines.append(f'class {pascal_case(code)}(ApiError):\n    """{status}: {meaning}"""\n')
    lines.append("#: The exceptions by code.\nBY_CODE: dict[str, type[ApiError]] = {")
    lines += [f'    "{code}": {pascal_case(code)},' for code in description.errors]
    return "\n".join([*lines, "}\n"])


def resources(description: Description, *, asynchronous: bool) -> str:
    """Return the module with a class for each resource."""
    prefix = "Async" if asynchronous else ""
    doc = "The resources of the API, as coroutines." if asynchronous else "The resources of the API."
    lines = [
        _HEAD.format(doc=doc),
        "from __future__ import annotations\n",
        "from typing import Unpack\n",
        "from answerback_client._calls import Call, File, new_key, quoted",
        f"from answerback_client._pages import {prefix}Pages",
        f"from answerback_client._resource import {prefix}Resource",
        "from answerback_client._generated import types\n",
    ]
    tags = {tag["name"].replace(" ", "_"): tag["description"] for tag in description.document["tags"]}
    for resource, found in description.resources.items():
        title = tags.get(resource, resource.capitalize())
        lines.append(f'class {prefix}{pascal_case(resource)}({prefix}Resource):\n    """{title}."""\n')
        for operation in found:
            lines += _method(operation, asynchronous)
    return "\n".join(lines)


def surface(description: Description) -> str:
    """Return the module with the resources as attributes of a client."""
    lines = [
        _HEAD.format(doc="The resources as attributes of a client."),
        "from __future__ import annotations\n",
        "from answerback_client._generated import async_resources, resources",
        "from answerback_client._transport import AsyncTransport, Transport",
    ]
    for module in EXTENDED.values():
        name = pascal_case(module)
        lines.append(f"from answerback_client._{module} import Async{name}, {name}")
    for prefix, module in (("", "resources"), ("Async", "async_resources")):
        lines += [f'\n\nclass {prefix}Surface:\n    """The resources of the API."""\n']
        lines.append(f"    def __init__(self, transport: {prefix}Transport) -> None:")
        for resource in description.resources:
            name = f"{prefix}{pascal_case(resource)}"
            source = name if resource in EXTENDED else f"{module}.{name}"
            lines.append(f"        self.{resource} = {source}(transport)")
    return "\n".join([*lines, ""])


def operations(description: Description) -> Iterator[Operation]:
    """Yield all operations."""
    for found in description.resources.values():
        yield from found


def annotation(schema: Json) -> str:
    """Return the annotation of a schema.

    Raises:
        ValueError: it is of a kind that no schema of the API had when this was written.
    """
    if "$ref" in schema:
        return reference(schema)
    if "anyOf" in schema:
        return " | ".join(annotation(inner) for inner in schema["anyOf"])
    if "enum" in schema:
        values = [f'"{value}"' if isinstance(value, str) else repr(value) for value in schema["enum"]]
        nullable = ["None"] if "null" in kinds_of(schema) and None not in schema["enum"] else []
        return f"Literal[{', '.join([*values, *nullable])}]"
    if not schema.keys() - {"description", "default"}:
        return "Any"
    return " | ".join(_of_kind(kind, schema) for kind in kinds_of(schema))


def kinds_of(schema: Json) -> list[str]:
    """Return the JSON types of a schema."""
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _of_kind(kind: str, schema: Json) -> str:
    if kind == "array":
        return f"list[{annotation(schema['items'])}]"
    if kind != "object":
        return _SCALARS[kind]
    if "properties" in schema:
        raise ValueError(f"An object inside an object has no name: {schema}")
    values = schema.get("additionalProperties")
    return f"dict[str, {annotation(values) if isinstance(values, dict) and values else 'Any'}]"


def _typed_dict(name: str, properties: Mapping[str, Json], required: set[str]) -> Iterator[str]:
    yield f'class {name}(TypedDict):\n    """`{name}`."""\n'
    for field, schema in sorted(properties.items(), key=lambda item: item[0] not in required):
        kind = annotation(schema)
        yield f"    {field}: {kind if field in required else f'NotRequired[{kind}]'}"
        if schema.get("description"):
            yield f'    """{_sentence(schema["description"])}"""'
    yield ""


def _events(description: Description) -> Iterator[str]:
    """Yield the types of webhooks: one for each type, over the `data` that the types of an object share."""
    data: dict[str, Json] = {}
    names = []
    for type, schema in description.events.items():
        subject = f"{pascal_case(type.partition('.')[0])}EventData"
        if data.setdefault(subject, schema) != schema:
            raise ValueError(f"The events of {subject} differ in their data.")
        names.append((type, subject))
    for subject, schema in data.items():
        yield from _typed_dict(subject, schema["properties"], set(schema["required"]))
    for type, subject in names:
        yield f'class {pascal_case(type)}Event(TypedDict):\n    """The webhook `{type}`."""\n'
        yield f'    type: Literal["{type}"]\n    timestamp: str\n    data: {subject}\n'
    union = " | ".join(f"{pascal_case(type)}Event" for type, _ in names)
    yield f"#: Every webhook; `type` tells which it is.\nWebhookEvent = {union}\n"


def _method(operation: Operation, asynchronous: bool) -> Iterator[str]:
    result = f"types.{operation.result}" if operation.result else "None"
    pages = "AsyncPages" if asynchronous else "Pages"
    returned = f"{pages}[{result}]" if operation.is_list else result
    is_coroutine = asynchronous and not operation.is_list
    begin = f"{'async ' if is_coroutine else ''}def {operation.name}"
    yield f"    {begin}({', '.join(_arguments(operation))}) -> {returned}:"
    yield f'        """{operation.summary}"""'
    call = f"Call[{result}]({', '.join(_call(operation))})"
    sent = f"{pages}(self._transport, {call})" if operation.is_list else f"self._transport.send({call})"
    if operation.result is None:
        yield f"        {'await ' if is_coroutine else ''}{sent}\n"
    else:
        yield f"        return {'await ' if is_coroutine else ''}{sent}\n"


def _arguments(operation: Operation) -> Iterator[str]:
    yield "self"
    yield from (f"{name}: str" for name in operation.path_parameters)
    if operation.form is not None:
        yield "file: File"
    if operation.path_parameters or operation.form is not None:
        yield "/"
    named = []
    if operation.waits:
        named.append("wait_s: float | None = None")
    if operation.takes_key:
        named.append("idempotency_key: str | None = None")
    if named:
        yield "*"
        yield from named
    if operation.body:
        yield f"**body: Unpack[types.{operation.body}]"
    elif operation.form:
        yield f"**fields: Unpack[types.{operation.type_prefix}Form]"
    elif operation.query:
        yield f"**query: Unpack[types.{operation.type_prefix}Query]"


def _call(operation: Operation) -> Iterable[str]:
    yield f'"{operation.method}"'
    path = operation.path
    for name in operation.path_parameters:
        path = path.replace(f"{{{name}}}", f"{{quoted({name})}}")
    yield f'f"{path}"' if operation.path_parameters else f'"{path}"'
    if operation.body:
        yield "body=body"
        if operation.query:
            raise ValueError(f"{operation.id} has a body and a query.")
    elif operation.form is not None:
        yield "file=file"
        if operation.form:
            yield "fields=fields"
    elif operation.query:
        yield "query=query"
    if operation.takes_key:
        yield "key=idempotency_key or new_key()"
    if operation.waits:
        yield "wait_s=wait_s"
    if operation.repeatable:
        yield "repeatable=True"


def _sentence(text: str) -> str:
    return text.strip().replace("\\", "\\\\").replace('"""', "'''")
