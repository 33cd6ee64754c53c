"""What the demo needs to know of a running org, and a way to connect its app without a browser.

Only whoever knows the app's secret is answered; the org listens on loopback in any case.
"""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import json_answer
from .authority import OAuthProblem
from .org import DemoOrg


class SettingUp:
    """`POST /demo-org/setup`: org, log-ins, cast. `POST /demo-org/grant`: a token answer."""

    def __init__(self, org: DemoOrg) -> None:
        self.org = org

    def routes(self) -> list[Route]:
        return [
            Route("/demo-org/setup", self.setup, methods=["POST"]),
            Route("/demo-org/grant", self.grant, methods=["POST"]),
        ]

    async def setup(self, request: Request) -> Response:
        form = await request.form()
        try:
            self.authenticate(form.get("client_id"), form.get("client_secret"))
        except OAuthProblem as problem:
            return json_answer({"error": problem.error}, 401)
        return json_answer(
            {
                "org_id": self.org.org_id,
                "url": self.org.url,
                "logins": [asdict(login) for login in self.org.logins],
                "cast": {role: asdict(member) for role, member in self.org.cast.items()},
            }
        )

    async def grant(self, request: Request) -> Response:
        """Form `username`, `client_id`, `client_secret`; answers like the token endpoint."""
        form = await request.form()
        try:
            self.authenticate(form.get("client_id"), form.get("client_secret"))
            user = self.org.user(str(form.get("username") or ""))
            self.org.authority.check_may_log_in(user["Id"])
        except OAuthProblem as problem:
            return json_answer({"error": problem.error}, 401)
        except KeyError:
            return json_answer({"error": "There is no such user."}, 404)
        app = self.org.authority.app(str(form["client_id"]))
        return json_answer(self.org.authority.grant(user["Id"], app))

    def authenticate(self, key: object, secret: object) -> None:
        self.org.authority.authenticate(str(key or ""), str(secret or ""))
