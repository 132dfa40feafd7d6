"""The operators' pages: server-rendered, usable by keyboard and on a phone; no script or style but ours."""

from flask import Flask

from web.console import pages, session

session.init_app(pages.blueprint)


def init_app(app: Flask) -> None:
    """Add `/console`."""
    app.register_blueprint(pages.blueprint)
