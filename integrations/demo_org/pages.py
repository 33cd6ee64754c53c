"""The pages: log-in, consent, home, and the errors of OAuth that stay on this side."""

import secrets
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from .authority import OAuthProblem
from .grants import ClientApp
from .org import PASSWORD, DemoOrg

COOKIE = "demo_org_session"
HERE = Path(__file__).parent
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Pages:
    def __init__(self, org: DemoOrg) -> None:
        self.org = org
        self.templates = Jinja2Templates(HERE / "templates")

    def routes(self) -> list[Route]:
        return [
            Route("/", self.home),
            Route("/login", self.show_login, methods=["GET"]),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
            Route("/callbacks", self.add_callback, methods=["POST"]),
        ]

    def page(self, request: Request, template: str, status: int = 200, **more: Any) -> Response:
        organization = self.org.store.rows("Organization")[0]
        context = {
            "org": self.org,
            "organization": organization,
            "broken": self.org.faults.broken,
            **more,
        }
        answer = self.templates.TemplateResponse(request, template, context, status)
        answer.headers["Content-Security-Policy"] = CONTENT_POLICY
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def browser_user(self, request: Request) -> str | None:
        """Who is logged in with this browser, if they may still be."""
        user_id = self.org.browsers.get(request.cookies.get(COOKIE, ""))
        row = self.org.store.get("User", user_id) if user_id else None
        return user_id if row and row["IsActive"] else None

    async def home(self, request: Request) -> Response:
        names = {row["Id"]: row["Name"] for row in self.org.users}
        titles = {row["Id"]: row["Name"] for row in self.org.store.rows("Profile")}
        people = sorted(self.org.users, key=lambda row: (not row["IsActive"], row["Name"]))
        counts = {name: len(self.org.store.rows(name)) for name in ("Opportunity", "Task", "Event")}
        return self.page(
            request,
            "home.html",
            people=people,
            names=names,
            profiles=titles,
            counts=counts,
            password=PASSWORD,
            frozen={row["Id"] for row in people if self.org.is_frozen(row["Id"])},
            me=self.browser_user(request),
        )

    def login(self, request: Request) -> Response:
        """The log-in page, on the way to `request`'s own address."""
        going_to = f"{request.url.path}?{request.url.query}" if request.url.query else "/"
        username = request.query_params.get("login_hint", "")
        return self.login_page(request, username, going_to)

    def login_page(
        self, request: Request, username: str, going_to: str, *, wrong: bool = False
    ) -> Response:
        return self.page(
            request,
            "login.html",
            username=username,
            password=PASSWORD,
            going_to=going_to,
            wrong=wrong,
        )

    async def show_login(self, request: Request) -> Response:
        return self.login_page(request, "", request.query_params.get("going_to", "/"))

    async def log_in(self, request: Request) -> Response:
        form = await request.form()
        going_to = str(form.get("going_to") or "/")
        # Only addresses of this server, so that the form can't be made to lead elsewhere.
        if not going_to.startswith("/") or going_to.startswith(("//", "/\\")):
            going_to = "/"
        username = str(form.get("username") or "")
        user_id = self.org.log_in(username, str(form.get("password") or ""))
        if user_id is None:
            return self.login_page(request, username, going_to, wrong=True)
        session = secrets.token_urlsafe(32)
        self.org.browsers[session] = user_id
        # Only the way to authorize asks whether one has logged in just now.
        mark = "&logged_in=1" if "?" in going_to else ""
        answer = RedirectResponse(going_to + mark, 303)
        answer.set_cookie(COOKIE, session, httponly=True, samesite="lax")
        return answer

    async def log_out(self, request: Request) -> Response:
        self.org.browsers.pop(request.cookies.get(COOKIE, ""), None)
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(COOKIE)
        return answer

    async def add_callback(self, request: Request) -> Response:
        form = await request.form()
        url = str(form.get("url") or "").strip()
        if url.startswith(("http://", "https://")) and url not in self.org.app.callback_urls:
            self.org.app.callback_urls.append(url)
        return RedirectResponse("/#app", 303)

    def consent(
        self, request: Request, user_id: str, app: ClientApp, scopes: list[str]
    ) -> Response:
        user = self.org.store.get("User", user_id)
        return self.page(request, "consent.html", user=user, app=app, scopes=scopes)

    def oauth_error(self, request: Request, problem: OAuthProblem) -> Response:
        return self.page(request, "oauth_error.html", 400, problem=problem)
