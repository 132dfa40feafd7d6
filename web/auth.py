"""Who calls: every route needs a key, except the few that say `public`."""

from collections.abc import Callable
from typing import Any, TypeVar

import flask
from flask import Flask

from web.api import services
from worker.errors import KeyRefused

View = TypeVar("View", bound=Callable[..., Any])

_NEEDED = {"GET": "read", "HEAD": "read"}


def public(view: View) -> View:
    """Mark a view that needs no key."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def admin(view: View) -> View:
    """Mark a view that needs a key with the scope `admin`."""
    view.needs_scope = "admin"  # type: ignore[attr-defined]
    return view


def reads(view: View) -> View:
    """Mark a view that only reads although it is a POST."""
    view.needs_scope = "read"  # type: ignore[attr-defined]
    return view


def init_app(app: Flask) -> None:
    """Check the key of every request."""
    app.before_request(_check)


def _check() -> None:
    request = flask.request
    view = flask.current_app.view_functions.get(request.endpoint or "")
    if view is None or request.method == "OPTIONS" or getattr(view, "is_public", False):
        return
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise KeyRefused("An API key is needed: send `Authorization: Bearer <key>`.")
    principal = services().keys.check(key.strip())
    needed = getattr(view, "needs_scope", None) or _NEEDED.get(request.method, "write")
    if needed not in principal.scopes and "admin" not in principal.scopes:
        flask.abort(403, description=f"This key lacks the scope `{needed}`.")
    flask.g.principal = principal
