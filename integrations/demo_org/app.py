"""The org as an ASGI app: routes, headers, error bodies."""

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .break_it import BreakIt
from .canvas_tab import CanvasTab
from .cometd import CometD
from .lightning import Lightning
from .lightning_forms import ROOT as LIGHTNING
from .oauth import OAuthEndpoints
from .org import DAILY_API_REQUESTS, DemoOrg
from .pages import HERE, Pages
from .problems import ApiProblem, not_found
from .rest import RestApi
from .setting_up import SettingUp
from .web_faults import Connections, FaultLayer

SERVER = "Demo org (this is not Salesforce)"
HOSTS = ("127.0.0.1", "localhost", "*.localhost")
MACHINE_PATHS = ("/services/", "/id/", "/cometd/")


def create_app(org: DemoOrg, connections: Connections) -> ASGIApp:
    """The whole app. `connections` is kept by the server; faults cut connections through it."""
    pages = Pages(org)
    setting_up = SettingUp(org)
    routes = [
        *RestApi(org).routes(),
        *CometD(org).routes(),
        *OAuthEndpoints(org, pages).routes(),
        *pages.routes(),
        *CanvasTab(org, pages, setting_up).routes(),
        *Lightning(org, pages).routes(),
        *BreakIt(org, pages).routes(),
        *setting_up.routes(),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={ApiProblem: _api_problem, HTTPException: _http_problem},
    )
    app.router.redirect_slashes = False
    # A web page elsewhere can't reach the org by a name that resolves to this machine.
    local = TrustedHostMiddleware(app, [*HOSTS])
    compressed = GZipMiddleware(local, minimum_size=500)
    return HeaderLayer(FaultLayer(compressed, org, connections), org)


class HeaderLayer:
    """Says on every answer what this is, counts API requests, and tidies paths."""

    def __init__(self, app: ASGIApp, org: DemoOrg) -> None:
        self.app = app
        self.org = org

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["path"] = _tidy(scope["path"])
        is_data = scope["path"].startswith("/services/data/v")
        if is_data:
            self.org.api_calls += 1

        async def stamp(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Server"] = SERVER
                if is_data:
                    usage = f"api-usage={self.org.api_used}/{DAILY_API_REQUESTS}"
                    headers["Sforce-Limit-Info"] = usage
            await send(message)

        await self.app(scope, receive, stamp)


def _tidy(path: str) -> str:
    """Clients join addresses carelessly: `//services/data/`. Salesforce takes that, so do we."""
    path = "/" + path.lstrip("/")
    return path.rstrip("/") if path.startswith(MACHINE_PATHS) else path


async def _api_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiProblem)
    if request.url.path.startswith(LIGHTNING):
        return PlainTextResponse(error.message, error.status)
    return error.answer()


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not request.url.path.startswith("/services/data"):
        return PlainTextResponse(error.detail, error.status_code)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        message = f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
        return ApiProblem(405, "METHOD_NOT_ALLOWED", message).answer()
    return not_found().answer()
