"""An OpenID provider: discovery, the authorization code flow with PKCE, and ID tokens that are checked."""

import hashlib
import secrets
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote_plus, urlencode

from worker.errors import AnswerbackError, KeyRefused
from worker.telemetry import logs

if TYPE_CHECKING:
    import httpx

log = logs.get(__name__)

Json = dict[str, Any]

#: Signatures of ID tokens that are accepted where the provider names them: asymmetric ones only.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

#: How far the provider's clock may be ahead or behind, in seconds.
_LEEWAY_S = 60

_DISCOVERY_S = 3_600.0
_TIMEOUT_S = 10.0


class SignOnRefused(KeyRefused):
    """The login by single sign-on did not work. Try again."""

    code = "sign_on_refused"


class ProviderUnavailable(AnswerbackError):
    """The provider of single sign-on cannot be reached at the moment. Try again."""

    code = "provider_unavailable"


@dataclass(frozen=True, kw_only=True)
class SignOn:
    """A login that was sent to the provider; the browser keeps it in a cookie until it comes back."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whom the provider says that somebody is. `email_verified` is False where it does not say."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    name: str | None
    groups: frozenset[str]


class OpenIdProvider:
    """A client of one provider. Thread-safe; nothing is asked before its first use.

    Args:
        redirect_uri: where the provider sends people back to, as it is registered there.
    """

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: str | None,
        scopes: tuple[str, ...],
        groups_claim: str,
        redirect_uri: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._scopes = scopes
        self._groups_claim = groups_claim
        self._redirect_uri = redirect_uri
        self._clock = clock
        self._guard = threading.Lock()
        self._discovered: tuple[Json, float] | None = None

    def begin(self) -> tuple[str, SignOn]:
        """Return the provider's address to send somebody to, and what to keep until they are back.

        Raises:
            ProviderUnavailable: the provider does not answer, or its description is not that of the issuer.
        """
        signing_on = SignOn(
            state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48)
        )
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(self._scopes),
            "state": signing_on.state,
            "nonce": signing_on.nonce,
            "code_challenge": challenge(signing_on.verifier),
            "code_challenge_method": "S256",
        }
        endpoint = self._metadata()["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}", signing_on

    def finish(self, signing_on: SignOn, answer: Mapping[str, str]) -> Identity:
        """Return who came back from the provider, by the parameters that it sent them with.

        Raises:
            SignOnRefused: the answer is not to this login, the person refused, or the ID token is not valid.
            ProviderUnavailable: the provider does not answer.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), signing_on.state.encode()):
            raise SignOnRefused("This login was not begun in this browser, or took too long. Try again.")
        metadata = self._metadata()
        if answer.get("iss", metadata["issuer"]) != metadata["issuer"]:
            raise SignOnRefused
        if "code" not in answer:
            log.warning("sign_on_refused", cause=answer.get("error", "no code")[:100])
            raise SignOnRefused("The provider did not log you in. Try again.")
        import httpx
        from joserfc.errors import JoseError

        try:
            with httpx.Client(timeout=_TIMEOUT_S) as client:
                tokens = self._tokens(client, answer["code"], signing_on, metadata)
                keys = _object(client.get(metadata["jwks_uri"]))
                claims = self._checked(str(tokens["id_token"]), keys, metadata, signing_on)
                claims = self._completed(client, claims, str(tokens["access_token"]), metadata)
        except (JoseError, ValueError, KeyError) as error:
            log.warning("sign_on_refused", cause=f"{type(error).__name__}: {error}"[:300])
            raise SignOnRefused from error
        except httpx.HTTPError as error:
            log.warning("sign_on_failed", cause=f"{type(error).__name__}: {error}"[:300])
            if isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500:
                raise SignOnRefused from error
            raise ProviderUnavailable from error
        return self._identity(claims, metadata)

    def logout_url(self, to: str) -> str | None:
        """Return the provider's address that logs people out there and sends them `to`; None where it has none."""
        end = self._metadata().get("end_session_endpoint")
        return f"{end}?{urlencode({'client_id': self._client_id, 'post_logout_redirect_uri': to})}" if end else None

    def _tokens(self, client: "httpx.Client", code: str, signing_on: SignOn, metadata: Json) -> Json:
        """Return the tokens of a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": signing_on.verifier,
        }
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        headers = {"Accept": "application/json"}
        if self._client_secret is not None and "client_secret_basic" in methods:
            # Both are encoded as in a form before they are joined (RFC 6749, 2.3.1).
            joined = f"{quote_plus(self._client_id)}:{quote_plus(self._client_secret)}"
            headers["Authorization"] = f"Basic {b64encode(joined.encode()).decode()}"
        else:
            form["client_id"] = self._client_id
            if self._client_secret is not None:
                form["client_secret"] = self._client_secret
        return _object(client.post(metadata["token_endpoint"], data=form, headers=headers))

    def _metadata(self) -> Json:
        """Return the provider's description of itself, which is asked for once an hour."""
        import httpx

        with self._guard:
            if self._discovered is not None and self._clock() < self._discovered[1]:
                return self._discovered[0]
            url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                answer = httpx.get(url, timeout=_TIMEOUT_S, follow_redirects=False)
                found = _object(answer)
                complete = {"authorization_endpoint", "token_endpoint", "jwks_uri"} <= set(found)
            except (httpx.HTTPError, ValueError) as error:
                raise ProviderUnavailable(cause=str(error)[:300]) from error
            if found.get("issuer") != self._issuer or not complete:
                raise ProviderUnavailable(
                    f"{url} does not describe ANSWERBACK_OIDC_ISSUER: its issuer is {found.get('issuer')!r}."
                )
            self._discovered = found, self._clock() + _DISCOVERY_S
            return found

    def _checked(self, token: str, keys: Json, metadata: Json, signing_on: SignOn) -> Json:
        """Return the claims of an ID token whose signature, issuer, audience, times and nonce are right."""
        from joserfc import jwt
        from joserfc.jwk import KeySet

        offered = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
        accepted = [name for name in _ALGORITHMS if name in offered]
        decoded = jwt.decode(token, KeySet.import_key_set(cast(Any, keys)), algorithms=accepted)
        jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": metadata["issuer"]},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": signing_on.nonce},
        ).validate(decoded.claims)
        audience = decoded.claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if decoded.claims.get("azp", None if several else self._client_id) != self._client_id:
            raise ValueError("the token was issued to another client")
        return dict(decoded.claims)

    def _completed(self, client: "httpx.Client", claims: Json, access_token: str, metadata: Json) -> Json:
        """Return the claims with those of the userinfo endpoint where the ID token leaves out what is needed."""
        endpoint = metadata.get("userinfo_endpoint")
        if endpoint is None or ("email" in claims and self._groups_claim in claims):
            return claims
        found = _object(client.get(endpoint, headers={"Authorization": f"Bearer {access_token}"}))
        if found.get("sub") != claims["sub"]:
            raise ValueError("the userinfo endpoint speaks of somebody else")
        return {**found, **claims}

    def _identity(self, claims: Json, metadata: Json) -> Identity:
        groups = claims.get(self._groups_claim) or ()
        named = [groups] if isinstance(groups, str) else groups
        return Identity(
            issuer=metadata["issuer"],
            subject=str(claims["sub"])[:255],
            email=str(claims["email"]) if claims.get("email") else None,
            email_verified=str(claims.get("email_verified")).lower() == "true",
            name=str(claims.get("name") or claims.get("preferred_username") or "")[:200] or None,
            groups=frozenset(str(group) for group in named),
        )


def challenge(verifier: str) -> str:
    """Return the challenge of PKCE for a verifier, by the method S256."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _object(answer: Any) -> Json:
    """Return the JSON object of an answer.

    Raises:
        httpx.HTTPError: the provider refuses.
        ValueError: it sent something else.
    """
    found = answer.raise_for_status().json()
    if not isinstance(found, dict):
        raise ValueError("the provider sent no JSON object")
    return found
