"""The *Break it* page, and the same for programs at `/break-it/api`."""

from json import JSONDecodeError
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from .answers import json_answer
from .fault_kinds import KINDS
from .fault_types import UnknownFault
from .faults import AREAS, describe
from .org import DemoOrg
from .pages import Pages
from .stream_faults import STREAM_FAULTS

TIMES = {"once": 1, "3 times": 3, "until mended": None}
# The first group is what one meets in a first week; every fault is in one group.
_NAMES = {
    "To begin with": ("shrunk_directory", "revoke_grant", "unavailable", "no_view_all", "cdc_off"),
    "Log-in and access": (
        *("token_expired", "expire_tokens", "rotation", "user_inactive", "user_frozen", "moved"),
    ),
    "Permissions of the connecting user": (
        *("no_api", "no_view_all_users", "no_read", "hidden_field"),
    ),
    "People and data": ("empty_directory", "delete_log_purged", "small_pages", "locator_lost"),
    "Limits": ("request_limit", "api_usage", "bulk_job_fails"),
    "Answers": (
        *("server_error", "html_page", "half_page", "empty_body", "hang", "slow_drip", "reset"),
    ),
    "The stream of changes": tuple(kind.name for kind in STREAM_FAULTS if kind.name != "cdc_off"),
}
GROUPS = tuple((heading, [KINDS[name] for name in names]) for heading, names in _NAMES.items())


class BreakIt:
    def __init__(self, org: DemoOrg, pages: Pages) -> None:
        self.org = org
        self.pages = pages

    def routes(self) -> list[Route]:
        return [
            Route("/break-it", self.show, methods=["GET"]),
            Route("/break-it", self.switch, methods=["POST"]),
            Route("/break-it/api", self.state, methods=["GET"]),
            Route("/break-it/api", self.change, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        return self.answer(request)

    def answer(self, request: Request, error: str = "") -> Response:
        on = {broken.kind.name: broken for broken in self.org.faults.broken}
        return self.pages.page(
            request,
            "break_it.html",
            status=400 if error else 200,
            groups=GROUPS,
            on=on,
            times=TIMES,
            areas=AREAS,
            error=error,
            done=request.query_params.get("done"),
            connecting=self.org.store.get("User", self.org.connecting_user_id),
        )

    async def switch(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if form.get("mend") == "everything":
            self.org.faults.mend_everything()
        elif form.get("mend"):
            self.org.faults.mend(form["mend"])
        else:
            try:
                self.org.faults.break_it(
                    form.get("fault", ""),
                    times=TIMES.get(form.get("times", "")),
                    where=form.get("where") or "data",
                    value=form.get("value", "").strip(),
                )
            except (UnknownFault, KeyError) as error:
                return self.answer(request, f"Not switched on: {error}")
        kind = KINDS.get(form.get("fault") or form.get("mend") or "")
        if kind is None:
            return RedirectResponse("/break-it", 303)
        done = f"?done={kind.name}" if kind.act else ""
        return RedirectResponse(f"/break-it{done}#{kind.name}", 303)

    async def state(self, request: Request) -> Response:
        return json_answer(self.state_body())

    def state_body(self) -> dict[str, Any]:
        return {"broken": [describe(broken) for broken in self.org.faults.broken]}

    async def change(self, request: Request) -> Response:
        """`{"fault", "times"?, "after"?, "where"?, "value"?}` or `{"mend": name|"everything"}`."""
        try:
            body = await request.json()
            if not isinstance(body, dict):
                return json_answer({"error": "The body is not a JSON object."}, 400)
            self.apply(body)
        except (JSONDecodeError, UnicodeDecodeError):
            return json_answer({"error": "The body is not JSON."}, 400)
        except (UnknownFault, KeyError, TypeError, ValueError) as error:
            return json_answer({"error": str(error)}, 400)
        return json_answer(self.state_body())

    def apply(self, body: dict[str, Any]) -> None:
        mend = body.get("mend")
        if mend == "everything":
            self.org.faults.mend_everything()
        elif mend:
            self.org.faults.mend(mend)
        else:
            times = body.get("times")
            self.org.faults.break_it(
                body["fault"],
                times=None if times is None else int(times),
                after=int(body.get("after", 0)),
                where=body.get("where", "data"),
                value=str(body.get("value", "")),
            )
