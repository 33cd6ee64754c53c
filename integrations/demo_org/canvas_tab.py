"""The tab with our page in it: a true signed request, posted into a frame of another site."""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from .access import UserAccess
from .answers import json_answer
from .authority import OAuthProblem
from .lightning_forms import FORMS, ROOT
from .org import DemoOrg
from .pages import CONTENT_POLICY, Pages
from .schema import OBJECTS
from .setting_up import SettingUp
from .store import Row

PATH = f"{ROOT}/n/scoreline"


class CanvasTab:
    """`POST /demo-org/canvas` says where the page is; the rest is what Salesforce would show."""

    def __init__(self, org: DemoOrg, pages: Pages, setting_up: SettingUp) -> None:
        self.org = org
        self.pages = pages
        self.setting_up = setting_up

    def routes(self) -> list[Route]:
        return [
            Route("/demo-org/canvas", self.set_up, methods=["POST"]),
            Route(PATH, self.tab),
            Route(f"{PATH}/signed-request", self.refresh, methods=["POST"]),
        ]

    async def set_up(self, request: Request) -> Response:
        form = await request.form()
        try:
            self.setting_up.authenticate(form.get("client_id"), form.get("client_secret"))
        except OAuthProblem as problem:
            return json_answer({"error": problem.error}, 401)
        self.org.canvas_url = str(form.get("url") or "")
        return json_answer({"url": self.org.canvas_url})

    async def tab(self, request: Request) -> Response:
        """`?approval=required` shows what somebody sees who has not approved the app yet."""
        user_id = self.pages.browser_user(request)
        if user_id is None:
            return RedirectResponse(f"/login?{urlencode({'going_to': PATH})}", 303)
        url = self.org.canvas_url
        needs_approval = request.query_params.get("approval") == "required"
        answer = self.pages.page(
            request,
            "canvas_tab.html",
            sobject=OBJECTS["Opportunity"],
            tabs=[OBJECTS[name] for name in FORMS],
            me=self.org.store.get("User", user_id),
            root=ROOT,
            here="scoreline",
            can_open_tab=UserAccess(self.org, user_id).can_open_tab,
            canvas_url=url,
            canvas_origin=_origin(url),
            instance_id=secrets.token_hex(8),
            signed_request="" if needs_approval else self.signed_request(user_id),
            approval_url=f"{url}?_sfdc_canvas_auth=user_approval_required"
            if needs_approval
            else "",
            refresh_path=f"{PATH}/signed-request",
        )
        answer.headers["Content-Security-Policy"] = (
            f"{CONTENT_POLICY}; script-src 'self'; connect-src 'self'; frame-src {_origin(url)}"
        )
        return answer

    async def refresh(self, request: Request) -> Response:
        user_id = self.pages.browser_user(request)
        if user_id is None:
            return json_answer({"error": "Log in first."}, 401)
        return json_answer({"response": self.signed_request(user_id)})

    def signed_request(self, user_id: str) -> str:
        """What Salesforce would post for this user, with a session of its own."""
        return signed(canvas_payload(self.org, user_id), self.org.app.consumer_secret)


def canvas_payload(org: DemoOrg, user_id: str) -> dict[str, Any]:
    """A CanvasRequest in the form of Salesforce's own sample; `issuedAt` is empty there, too."""
    user = org.store.get("User", user_id)
    assert user is not None
    return {
        "algorithm": "HMACSHA256",
        "issuedAt": None,
        "userId": user_id,
        "client": {
            "refreshId": None,
            "instanceId": "canvas",
            "targetOrigin": org.url,
            "instanceUrl": org.instance_url,
            "oauthToken": org.authority.session(user_id),
        },
        "context": {
            "user": _user_part(user),
            "environment": _environment_part(org),
            "organization": _organization_part(org),
            "application": _application_part(org),
            "links": {"loginUrl": org.url, "restUrl": "/services/data/v66.0/"},
        },
    }


def _user_part(user: Row) -> dict[str, Any]:
    return {
        "userId": user["Id"],
        "userName": user["Username"],
        "firstName": user["FirstName"],
        "lastName": user["LastName"],
        "fullName": user["Name"],
        "email": user["Email"],
        "locale": user["LocaleSidKey"],
        "language": user["LanguageLocaleKey"],
        "timeZone": user["TimeZoneSidKey"],
        "userType": user["UserType"].upper(),
        "profileId": user["ProfileId"],
        "accessibilityModeEnabled": False,
        "isDefaultNetwork": True,
    }


def _environment_part(org: DemoOrg) -> dict[str, Any]:
    return {
        "locationUrl": f"{org.url}{PATH}",
        "displayLocation": "Aura",
        "uiTheme": "Theme4d",
        "dimensions": {"width": "100%", "height": "900px", "maxHeight": "2000px"},
        "parameters": {},
        "record": {},
        "version": {"season": "SPRING", "api": "66.0"},
    }


def _organization_part(org: DemoOrg) -> dict[str, Any]:
    return {
        "organizationId": org.org_id,
        "name": org.store.rows("Organization")[0]["Name"],
        "multicurrencyEnabled": False,
        "namespacePrefix": None,
    }


def _application_part(org: DemoOrg) -> dict[str, Any]:
    return {
        "name": "Scoreline",
        "developerName": "Scoreline",
        "canvasUrl": org.canvas_url,
        "version": "1.0",
        "authType": "SIGNED_REQUEST",
        "options": [],
    }


def signed(payload: dict[str, Any], consumer_secret: str) -> str:
    """The payload as Salesforce posts it: the signature is over the Base64 text."""
    envelope = base64.b64encode(json.dumps(payload).encode())
    digest = hmac.new(consumer_secret.encode(), envelope, hashlib.sha256).digest()
    return f"{base64.b64encode(digest).decode()}.{envelope.decode()}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "'none'"
