"""The generated modules of the TypeScript client: types, and the methods of each resource."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from clients.description import Description, Json, Operation, pascal_case, reference
from clients.python_code import EXTENDED, kinds_of, operations

_HEAD = "// {doc}\n// Generated from docs/openapi.json by clients/generate.py: do not edit.\n"

_SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def types(description: Description) -> str:
    """Return the module of all types."""
    lines = [_HEAD.format(doc="The objects of the API: requests, responses, queries and events.")]
    for name, schema in description.schemas.items():
        lines += _interface(name, schema.get("properties", {}), set(schema.get("required", ())))
    for operation in operations(description):
        if operation.query:
            lines += _interface(f"{operation.type_prefix}Query", operation.query, set())
        if operation.form:
            lines += _interface(f"{operation.type_prefix}Form", operation.form, set())
    lines += _events(description)
    lines.append("/** The codes of errors. */\nexport type ErrorCode =")
    lines += [f'  | "{code}"' for code in description.errors]
    return "\n".join([*lines[:-1], f"{lines[-1]};\n"])


def error_codes(description: Description) -> str:
    """Return the module with the codes of the API's errors as values."""
    lines = [_HEAD.format(doc="The codes of the API's errors."), 'import type { ErrorCode } from "./types.js";\n']
    lines.append("export const ERROR_CODES: ReadonlySet<string> = new Set<ErrorCode>([")
    return "\n".join([*lines, *(f'  "{code}",' for code in description.errors), "]);\n"])


def resources(description: Description) -> str:
    """Return the module with a class for each resource."""
    lines = [
        _HEAD.format(doc="The resources of the API."),
        'import { type CallOptions, type FileInput, newKey, part, type WithKey, type WithWait } from "../calls.js";',
        'import { Pages } from "../pages.js";',
        'import type { Transport } from "../transport.js";',
        'import type * as types from "./types.js";\n',
        "export class Resource {",
        "  protected readonly transport: Transport;\n",
        "  constructor(transport: Transport) {\n    this.transport = transport;\n  }\n}\n",
    ]
    tags = {tag["name"].replace(" ", "_"): tag["description"] for tag in description.document["tags"]}
    for resource, found in description.resources.items():
        title = tags.get(resource, resource.capitalize())
        lines.append(f"/** {title}. */\nexport class {pascal_case(resource)} extends Resource {{")
        methods = ["\n".join(_method(operation)) for operation in found]
        lines += ["\n\n".join(methods), "}\n"]
    return "\n".join(lines)


def surface(description: Description) -> str:
    """Return the module with the resources as properties of a client."""
    lines = [_HEAD.format(doc="The resources as properties of a client.")]
    for name in EXTENDED:
        lines.append(f'import {{ {pascal_case(name)} }} from "../{name}.js";')
    lines += ['import type { Transport } from "../transport.js";', 'import * as resources from "./resources.js";\n']
    lines.append("export class Surface {")
    for resource in description.resources:
        lines.append(f"  readonly {camel_case(resource)}: {_class_of(resource)};")
    lines.append("\n  constructor(transport: Transport) {")
    for resource in description.resources:
        lines.append(f"    this.{camel_case(resource)} = new {_class_of(resource)}(transport);")
    return "\n".join([*lines, "  }\n}\n"])


def version_module(version: str) -> str:
    """Return the module of the version."""
    return f'{_HEAD.format(doc="The version, which is that of the API.")}\nexport const VERSION = "{version}";\n'


def stamped(manifest: str, version: str) -> str:
    """Return a package.json or package-lock.json with the version of the package."""
    data = json.loads(manifest)
    data["version"] = version
    if "packages" in data:
        data["packages"][""]["version"] = version
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def camel_case(name: str) -> str:
    """Return `send_message` as `sendMessage`."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def _class_of(resource: str) -> str:
    name = pascal_case(resource)
    return name if resource in EXTENDED else f"resources.{name}"


def annotation(schema: Json) -> str:
    """Return the type of a schema.

    Raises:
        ValueError: it is of a kind that no schema of the API had when this was written.
    """
    if "$ref" in schema:
        return reference(schema)
    if "anyOf" in schema:
        return " | ".join(annotation(inner) for inner in schema["anyOf"])
    if "enum" in schema:
        values = [json.dumps(value) for value in schema["enum"]]
        nullable = ["null"] if "null" in kinds_of(schema) and None not in schema["enum"] else []
        return " | ".join([*values, *nullable])
    if not schema.keys() - {"description", "default"}:
        return "unknown"
    return " | ".join(_of_kind(kind, schema) for kind in kinds_of(schema))


def _of_kind(kind: str, schema: Json) -> str:
    if kind == "array":
        item = annotation(schema["items"])
        return f"({item})[]" if "|" in item else f"{item}[]"
    if kind != "object":
        return _SCALARS[kind]
    if "properties" in schema:
        raise ValueError(f"An object inside an object has no name: {schema}")
    values = schema.get("additionalProperties")
    return f"Record<string, {annotation(values) if isinstance(values, dict) and values else 'unknown'}>"


def _interface(name: str, properties: Mapping[str, Json], required: set[str]) -> Iterator[str]:
    yield f"export interface {name} {{"
    for field, schema in sorted(properties.items(), key=lambda item: item[0] not in required):
        if schema.get("description"):
            yield f"  /** {schema['description'].strip().replace('*/', '* /')} */"
        yield f"  {field}{'' if field in required else '?'}: {annotation(schema)};"
    yield "}\n"


def _events(description: Description) -> Iterator[str]:
    """Yield the types of webhooks: one for each type, over the `data` that the types of an object share."""
    data: dict[str, Json] = {}
    for type, schema in description.events.items():
        subject = f"{pascal_case(type.partition('.')[0])}EventData"
        if subject not in data:
            data[subject] = schema
            yield from _interface(subject, schema["properties"], set(schema["required"]))
        yield f"/** The webhook `{type}`. */\nexport interface {pascal_case(type)}Event {{"
        yield f'  type: "{type}";\n  timestamp: string;\n  data: {subject};\n}}\n'
    yield "/** Every webhook; `type` tells which it is. */\nexport type WebhookEvent ="
    names = [f"  | {pascal_case(type)}Event" for type in description.events]
    yield "\n".join(names) + ";\n"


def _method(operation: Operation) -> Iterator[str]:
    result = f"types.{operation.result}" if operation.result else "void"
    returned = f"Pages<{result}>" if operation.is_list else f"Promise<{result}>"
    yield f"  /** {operation.summary} */"
    yield f"  {camel_case(operation.name)}({', '.join(_arguments(operation))}): {returned} {{"
    call = f"{{ {', '.join(_call(operation))} }}"
    sender = "new Pages(this.transport, " if operation.is_list else "this.transport.send("
    yield f"    return {sender}{call}, options);\n  }}"


def _arguments(operation: Operation) -> Iterable[str]:
    yield from (f"{camel_case(name)}: string" for name in operation.path_parameters)
    if operation.form is not None:
        yield "file: FileInput"
    if operation.body:
        yield f"body: types.{operation.body}"
    elif operation.form:
        yield f"fields: types.{operation.type_prefix}Form = {{}}"
    elif operation.query:
        yield f"query: types.{operation.type_prefix}Query = {{}}"
    kind = "WithWait" if operation.waits else "WithKey" if operation.takes_key else "CallOptions"
    yield f"options: {kind} = {{}}"


def _call(operation: Operation) -> Iterable[str]:
    yield f'method: "{operation.method}"'
    path = operation.path
    for name in operation.path_parameters:
        path = path.replace(f"{{{name}}}", f"${{part({camel_case(name)})}}")
    yield f"path: `{path}`" if operation.path_parameters else f'path: "{path}"'
    if operation.body:
        yield "body"
    elif operation.form is not None:
        yield "file"
        if operation.form:
            yield "fields"
    elif operation.query:
        yield "query"
    if operation.takes_key:
        yield "key: options.idempotencyKey ?? newKey()"
    if operation.waits:
        yield "waitMs: options.waitMs"
    if operation.repeatable:
        yield "repeatable: true"
