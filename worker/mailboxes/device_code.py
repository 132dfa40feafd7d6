"""Consent on another device (RFC 8628): a person enters a code in a browser, which needs no address of this server."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from worker.addresses import Guard
from worker.mailboxes.oauth_client import ProviderRefused, ProviderUnavailable, ask

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_DEFAULT_INTERVAL_S = 5.0
_SLOWER_S = 5.0  # after `slow_down`


@dataclass(frozen=True, kw_only=True)
class DeviceCode:
    """A consent that waits for a person, who opens `url` and enters `user_code`."""

    code: str
    user_code: str
    url: str
    interval_s: float
    expires_in_s: float


def begin(guard: Guard, device_url: str, *, client_id: str, scope: str) -> DeviceCode:
    """Ask a provider for a code.

    Raises:
        ProviderRefused: it knows no such app, or gives it no codes.
        ProviderUnavailable: it gave no answer that can be read.
    """
    answer = ask(guard, device_url, {"client_id": client_id, "scope": scope})
    try:
        return DeviceCode(
            code=answer["device_code"],
            user_code=answer["user_code"],
            url=answer["verification_uri"],
            interval_s=float(answer.get("interval", _DEFAULT_INTERVAL_S)),
            expires_in_s=float(answer["expires_in"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProviderUnavailable("The provider's answer has no code.") from error


def refresh_token(
    guard: Guard,
    token_url: str,
    begun: DeviceCode,
    *,
    client_id: str,
    client_secret: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Wait until a person has consented, and return the refresh token.

    Raises:
        ProviderRefused: they declined, or the code has expired.
        ProviderUnavailable: the provider gave no answer, or no refresh token.
    """
    form = {"grant_type": _GRANT, "client_id": client_id, "device_code": begun.code}
    if client_secret:
        form["client_secret"] = client_secret
    interval_s, ends = begun.interval_s, time.monotonic() + begun.expires_in_s
    while True:
        sleep(interval_s)
        try:
            answer = ask(guard, token_url, form)
        except ProviderRefused as error:
            if error.error not in ("authorization_pending", "slow_down") or time.monotonic() > ends:
                raise
            interval_s += _SLOWER_S if error.error == "slow_down" else 0.0
            continue
        token = answer.get("refresh_token")
        if not isinstance(token, str):
            raise ProviderUnavailable("The provider gave no refresh token: the app needs the scope `offline_access`.")
        return token
