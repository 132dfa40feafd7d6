"""Authentication: every route needs a key, except those marked `public`."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import flask
from flask import Flask

from web.http.api import services
from worker.access.keys import Principal
from worker.access.permissions import Permission
from worker.access.tokens import is_token
from worker.conversations import contacts, listing
from worker.errors import AnswerbackError, KeyRefused, NotFound
from worker.services.front import Front
from worker.store.scope import Scope

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Mark a view that needs no key."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def needs(permission: Permission) -> Callable[[View], View]:
    """Mark a view with the permission that it asks for; every view that is not public states one."""

    def marked(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return marked


def admin(view: View) -> View:
    """Mark a view that only administrators may use."""
    return needs(Permission.ADMINISTER)(view)


def customers(view: View) -> View:
    """Mark a view that also accepts a conversation token, for that conversation or a message in it."""
    view.for_customers = True  # type: ignore[attr-defined]
    return view


def permission_of(view: Callable[..., Any]) -> Permission:
    """Return the permission that a view asks for: administrators only, unless it states another."""
    return getattr(view, "permission", Permission.ADMINISTER)


def still(check: Callable[[], object]) -> Callable[[], bool]:
    """Return a function that repeats a check and returns whether it still passes: streams outlive their request."""

    def valid() -> bool:
        try:
            check()
        except KeyRefused:
            return False
        return True

    return valid


def init_app(app: Flask) -> None:
    """Check the key of every request."""
    app.before_request(_check)


def has_key() -> bool:
    """Whether a public request came with a valid API key; a wrong one counts as none."""
    scheme, _space, key = flask.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip() or is_token(key.strip()):
        return False
    try:
        services().keys.check(key.strip())
    except AnswerbackError:
        return False
    return True


def _check() -> None:
    request = flask.request
    view = flask.current_app.view_functions.get(request.endpoint or "")
    if view is None or request.method == "OPTIONS" or getattr(view, "is_public", False):
        return
    for_customers = getattr(view, "for_customers", False)
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    if not key and for_customers and request.method == "GET":  # EventSource and WebSocket cannot send headers
        scheme, key = "bearer", request.args.get("token", "")
    if scheme.lower() != "bearer" or not key.strip():
        raise KeyRefused("An API key is needed: send `Authorization: Bearer <key>`.")
    if is_token(key.strip()):
        flask.g.principal = _customer(key.strip(), for_customers=for_customers)
        flask.g.valid = still(partial(_holder, key.strip(), services(), request.headers.get("Origin")))
        return
    principal = services().keys.check(key.strip())
    flask.g.valid = still(partial(services().keys.check, key.strip()))
    require(principal, permission_of(view))
    flask.g.principal = principal


def require(principal: Principal, permission: Permission) -> None:
    """Abort with 403 unless the caller has a permission."""
    if principal.may(permission):
        return
    if principal.role is not None:
        flask.abort(403, description=f"Your role, {principal.role}, does not allow this: it needs {permission.role}.")
    flask.abort(403, description=f"This key lacks the scope `{permission.scope}`.")


def _holder(token: str, deps: Front, origin: str | None) -> Principal:
    """Return the principal of a conversation token.

    Raises:
        KeyRefused: it is not valid (any more), or the conversation goes on by mail.
    """
    principal = deps.tokens.check(token, origin=origin)
    if contacts.goes_on_by_mail(Scope(deps.store, principal.workspace_id), principal.conversation_id or ""):
        raise KeyRefused("The conversation goes on by mail.")
    return principal


def _customer(token: str, *, for_customers: bool) -> Principal:
    """Return the principal of a conversation token; abort unless the request concerns that conversation."""
    principal = _holder(token, services(), flask.request.headers.get("Origin"))
    if not for_customers:
        flask.abort(403, description="This needs an API key; a conversation token is not enough.")
    arguments = flask.request.view_args or {}
    if "message_id" in arguments:
        scope = Scope(services().store, principal.workspace_id)
        conversation_id = listing.conversation_of(scope, arguments["message_id"])
    else:
        conversation_id = str(arguments.get("conversation_id", principal.conversation_id))
    if conversation_id != principal.conversation_id:
        raise NotFound("There is no conversation with this id.")
    return principal
