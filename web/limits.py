"""Rate limits per key, counted in Redis; in this process while Redis is away."""

import math
import time

import flask
from flask import Flask, Response
from flask_limiter import Limiter

from worker.settings import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Limit the requests of each key, over all routes together."""
    if settings.rate_limit is None:
        return
    url = settings.redis.replace("unix://", "redis+unix://")
    limiter = Limiter(
        key_func=lambda: flask.g.principal.key_id,
        app=app,
        application_limits=[settings.rate_limit],
        application_limits_exempt_when=lambda: "principal" not in flask.g,
        strategy="fixed-window",
        storage_uri=url,
        storage_options={"socket_timeout": 0.25, "socket_connect_timeout": 0.25},  # type: ignore[dict-item]
        key_prefix=f"{settings.redis_prefix}rate",
        in_memory_fallback=[settings.rate_limit],
        in_memory_fallback_enabled=True,
        swallow_errors=True,
        headers_enabled=False,
    )

    @app.after_request
    def tell(response: Response) -> Response:
        limit = limiter.current_limit
        if limit is not None:
            amount, window_s = limit.limit.amount, limit.limit.get_expiry()
            left, reset_s = limit.remaining, max(0, math.ceil(limit.reset_at - time.time()))
            response.headers["RateLimit-Policy"] = f'"default";q={amount};w={window_s}'
            response.headers["RateLimit"] = f'"default";r={left};t={reset_s}'
            if response.status_code == 429:
                response.headers["Retry-After"] = str(max(1, reset_s))
        return response
