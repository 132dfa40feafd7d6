"""The OpenAPI description, its page, and the page of error codes; none needs a key."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import flask
from flask import Flask
from flask_smorest import Api
from flask_swagger_ui import get_swaggerui_blueprint
from markdown_it import MarkdownIt

from web.http.auth import public
from web.http.codes import CODES, PAGE
from web.openapi.document import complete

_ERRORS = Path(__file__).parent / "errors.html"


def init_app(app: Flask, api: Api) -> None:
    """Add `/openapi.json`, `/docs` and `/docs/errors`."""

    @cache
    def description() -> dict[str, Any]:
        return complete(deepcopy(api.spec.to_dict()), app)  # two first requests may be made at once

    @app.get("/openapi.json")
    @public
    def openapi() -> Any:
        return {**description(), "servers": [{"url": flask.request.host_url.rstrip("/"), "description": "this server"}]}

    @app.get(PAGE)
    @public
    def error_codes() -> Any:
        page = flask.render_template_string(_ERRORS.read_text(), codes=CODES, inline=MarkdownIt().renderInline)
        return page, {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

    pages = get_swaggerui_blueprint(
        "/docs", "/openapi.json", config={"app_name": "Answerback", "persistAuthorization": True}
    )
    app.register_blueprint(pages)
    app.view_functions["swagger_ui.show"] = public(app.view_functions["swagger_ui.show"])
