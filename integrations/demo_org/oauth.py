"""The OAuth endpoints: authorize (with its two pages), token, revoke, userinfo, identity."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from .answers import json_answer
from .authority import DEFAULT_SCOPE, OAuthProblem
from .grants import ClientApp
from .identity import identity_body, userinfo_body
from .org import DemoOrg
from .pages import Pages

AUTHORIZE = "/services/oauth2/authorize"
SCOPES = {
    "api": "Manage user data via APIs",
    "refresh_token": "Perform requests at any time",
    "offline_access": "Perform requests at any time",
    "id": "Access the identity URL service",
    "profile": "Access the identity URL service",
    "email": "Access the identity URL service",
    "openid": "Access unique user identifiers",
    "web": "Manage user data via web browsers",
    "full": "Full access",
}
_TOKEN = re.compile(r"(?:Bearer|OAuth)\s+(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class Authorization:
    """A checked request to authorize: the app is known and the redirect is one of its own."""

    app: ClientApp
    redirect_uri: str
    state: str | None
    challenge: str
    scope: str

    def refused(self, error: str, description: str) -> RedirectResponse:
        return self.back(error=error, error_description=description)

    def back(self, **answer: str) -> RedirectResponse:
        """Send the browser back to the app with this answer, the state echoed."""
        if self.state is not None:
            answer["state"] = self.state
        joint = "&" if "?" in self.redirect_uri else "?"
        return RedirectResponse(f"{self.redirect_uri}{joint}{urlencode(answer)}", 302)


class OAuthEndpoints:
    def __init__(self, org: DemoOrg, pages: Pages) -> None:
        self.org = org
        self.pages = pages

    def routes(self) -> list[Route]:
        return [
            Route(AUTHORIZE, self.authorize, methods=["GET"]),
            Route(AUTHORIZE, self.consent, methods=["POST"]),
            Route("/services/oauth2/token", self.token, methods=["POST"]),
            Route("/services/oauth2/revoke", self.revoke, methods=["GET", "POST"]),
            Route("/services/oauth2/userinfo", self.userinfo, methods=["GET", "POST"]),
            Route("/id/{org_id}/{user_id}", self.identity),
        ]

    # -- authorize

    async def authorize(self, request: Request) -> Response:
        try:
            asked = self.checked(request)
        except OAuthProblem as problem:
            return self.pages.oauth_error(request, problem)
        refused = self.refused(request, asked)
        if refused is not None:
            return refused
        prompt = request.query_params.get("prompt", "").split()
        user_id = self.pages.browser_user(request)
        approved = user_id is not None and self.org.authority.has_approved(user_id, asked.app)
        if request.query_params.get("immediate") == "true" and not approved:
            return asked.back(error="immediate_unsuccessful")
        just_logged_in = request.query_params.get("logged_in") == "1"
        if user_id is None or ("login" in prompt and not just_logged_in):
            return self.pages.login(request)
        if approved and "consent" not in prompt:
            return self.send_code(user_id, asked)
        return self.pages.consent(request, user_id, asked.app, self.in_words(asked.scope))

    async def consent(self, request: Request) -> Response:
        try:
            asked = self.checked(request)
        except OAuthProblem as problem:
            return self.pages.oauth_error(request, problem)
        refused = self.refused(request, asked)
        if refused is not None:
            return refused
        user_id = self.pages.browser_user(request)
        if user_id is None:
            return self.pages.login(request)
        form = await request.form()
        if form.get("decision") != "allow":
            description = "end-user denied authorization"
            return asked.refused("access_denied", description)
        self.org.authority.approve(user_id, asked.app)
        return self.send_code(user_id, asked)

    def checked(self, request: Request) -> Authorization:
        """OAuthProblem for what must not be sent to the redirect: it could be anybody's."""
        query = request.query_params
        app = self.org.authority.app(query.get("client_id", ""))
        redirect_uri = query.get("redirect_uri", "")
        if redirect_uri not in app.callback_urls:
            message = "redirect_uri must match configuration"
            raise OAuthProblem("redirect_uri_mismatch", message)
        scope = query.get("scope") or DEFAULT_SCOPE
        return Authorization(
            app, redirect_uri, query.get("state"), query.get("code_challenge", ""), scope
        )

    def refused(self, request: Request, asked: Authorization) -> Response | None:
        """What is wrong with the request and can be told to the app."""
        query = request.query_params
        if query.get("response_type") != "code":
            return asked.refused("unsupported_response_type", "response type not supported")
        unknown = [scope for scope in asked.scope.split() if scope not in SCOPES]
        if unknown:
            text = f"the requested scope is invalid, unknown, or malformed: {unknown[0]}"
            return asked.refused("invalid_scope", text)
        # jsforce names no method; Salesforce knows one only.
        if not asked.challenge or query.get("code_challenge_method", "S256") != "S256":
            return asked.refused("invalid_request", "missing required code challenge")
        return None

    def send_code(self, user_id: str, asked: Authorization) -> Response:
        code = self.org.authority.issue_code(
            user_id, asked.app, asked.redirect_uri, asked.challenge, asked.scope
        )
        return asked.back(code=code)

    def in_words(self, scope: str) -> list[str]:
        return list(dict.fromkeys(SCOPES[part] for part in scope.split()))

    # -- token

    async def token(self, request: Request) -> Response:
        form = await request.form()
        try:
            return json_answer(self.token_answer(request, form))
        except OAuthProblem as problem:
            body = {"error": problem.error, "error_description": problem.description}
            return json_answer(body, 400)

    def token_answer(self, request: Request, form: FormData) -> dict[str, Any]:
        grant_type = _text(form, "grant_type")
        if not grant_type:
            raise OAuthProblem("invalid_request", "grant type is missing")
        if grant_type not in ("authorization_code", "client_credentials", "refresh_token"):
            raise OAuthProblem("unsupported_grant_type", "grant type not supported")
        app = self.org.authority.authenticate(*_credentials(request, form))
        if grant_type == "client_credentials":
            return self.org.authority.client_credentials(app)
        if grant_type == "refresh_token":
            return self.org.authority.refresh(_text(form, "refresh_token"), app)
        return self.org.authority.redeem(
            _text(form, "code"), app, _text(form, "redirect_uri"), _text(form, "code_verifier")
        )

    async def revoke(self, request: Request) -> Response:
        form = await request.form()
        token = _text(form, "token") or request.query_params.get("token", "")
        if self.org.authority.revoke(token):
            return Response(status_code=200)
        body = {"error": "invalid_token", "error_description": "this token is not valid"}
        return json_answer(body, 400)

    # -- identity

    async def userinfo(self, request: Request) -> Response:
        user_id = self.bearer_user(request)
        if isinstance(user_id, Response):
            return user_id
        return json_answer(userinfo_body(self.org, user_id))

    async def identity(self, request: Request) -> Response:
        """The identity URL. Refusals are 403 with plain text, unlike the data API's."""
        user_id = self.bearer_user(request)
        if isinstance(user_id, Response):
            return user_id
        if request.path_params["org_id"][:15] != self.org.org_id[:15]:
            return PlainTextResponse("Wrong_Org", 403)
        asked = self.org.store.find(request.path_params["user_id"])
        if asked is None or asked[0].name != "User":
            return PlainTextResponse("Bad_Id", 403)
        return json_answer(identity_body(self.org, asked[1]["Id"]))

    def bearer_user(self, request: Request) -> str | Response:
        header = request.headers.get("authorization", "")
        if not header:
            return PlainTextResponse("Missing_OAuth_Token", 403)
        found = _TOKEN.fullmatch(header.strip())
        user_id = self.org.authority.user_of(found[1]) if found else None
        return user_id or PlainTextResponse("Bad_OAuth_Token", 403)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _credentials(request: Request, form: FormData) -> tuple[str, str]:
    header = request.headers.get("authorization", "")
    if not header.lower().startswith("basic "):
        return _text(form, "client_id"), _text(form, "client_secret")
    try:
        key, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise OAuthProblem("invalid_client", "invalid client credentials") from error
    return key, secret
