"""The OpenAPI description and its page; neither needs a key."""

from functools import cache
from typing import Any

from flask import Flask
from flask_smorest import Api
from flask_swagger_ui import get_swaggerui_blueprint

from web.http.auth import public
from worker.deliveries.outbox import TYPES

_MESSAGE_EVENTS = ("message.answered", "message.handed_off", "message.cancelled", "message.failed", "message.replied")


def init_app(app: Flask, api: Api) -> None:
    """Add `/openapi.json` and `/docs`."""

    @cache
    def description() -> dict[str, Any]:
        return _completed(api.spec.to_dict())

    @app.get("/openapi.json")
    @public
    def openapi() -> Any:
        return description()

    pages = get_swaggerui_blueprint(
        "/docs", "/openapi.json", config={"app_name": "Answerback", "persistAuthorization": True}
    )
    app.register_blueprint(pages)
    app.view_functions["swagger_ui.show"] = public(app.view_functions["swagger_ui.show"])


def _completed(spec: dict[str, Any]) -> dict[str, Any]:
    """Add the parts that flask-smorest does not derive: authentication, callbacks, idempotency."""
    components = spec.setdefault("components", {})
    components.setdefault("securitySchemes", {})["key"] = {"type": "http", "scheme": "bearer"}
    spec["security"] = [{"key": []}]
    for path, operations in spec["paths"].items():
        post = operations.get("post")
        if post is not None and path.endswith(("/tickets", "/messages")):
            post.setdefault("parameters", []).append(
                {
                    "in": "header",
                    "name": "Idempotency-Key",
                    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
                    "description": "a repeated request returns the first response; with a different body: 422",
                }
            )
            post["callbacks"] = {"ended": {"{$request.body#/callback_url}": {"post": _callback()}}}
    spec["webhooks"] = {name: {"post": _callback() if name in _MESSAGE_EVENTS else _event(name)} for name in TYPES}
    return spec


def _event(name: str) -> dict[str, Any]:
    """Return the webhook of an event that concerns no message."""
    webhook = _callback()
    subject = name.partition(".")[0]
    data = {"$ref": "#/components/schemas/Conversation"} if subject == "conversation" else {"type": "object"}
    schema = webhook["requestBody"]["content"]["application/json"]["schema"]
    schema["properties"]["type"] = {"type": "string", "enum": [name]}
    schema["properties"]["data"] = {"type": "object", "properties": {subject: data}}
    return webhook | {"summary": f"{TYPES[name].capitalize()} (Standard Webhooks)"}


def _callback() -> dict[str, Any]:
    headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "summary": "A message has ended (Standard Webhooks)",
        "parameters": [
            {"in": "header", "name": name, "required": True, "schema": {"type": "string"}} for name in headers
        ],
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["type", "timestamp", "data"],
                        "properties": {
                            "type": {"type": "string", "enum": list(_MESSAGE_EVENTS)},
                            "timestamp": {"type": "string", "format": "date-time"},
                            "data": {
                                "type": "object",
                                "required": ["message", "conversation"],
                                "properties": {
                                    "message": {"$ref": "#/components/schemas/Message"},
                                    "conversation": {"$ref": "#/components/schemas/Conversation"},
                                },
                            },
                        },
                    }
                }
            }
        },
        "responses": {"2XX": {"description": "accepted"}, "410": {"description": "disables the endpoint"}},
    }
