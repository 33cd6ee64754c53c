"""The org's own pages for sales people: lists, records, forms and the recycle bin."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from .access import UserAccess
from .lightning_forms import COLUMNS, FORMS, QUICK, ROOT, ROWS, VIEWS, as_text, in_form
from .org import DemoOrg
from .pages import Pages
from .problems import ApiProblem, not_found
from .records import Records
from .schema import OBJECTS, SObject
from .store import Row


@dataclass(frozen=True)
class Visit:
    """One request of somebody who is logged in."""

    request: Request
    access: UserAccess
    records: Records
    sobject: SObject

    @property
    def url(self) -> str:
        return f"{ROOT}/{self.sobject.name}"


class Lightning:
    def __init__(self, org: DemoOrg, pages: Pages) -> None:
        self.org = org
        self.pages = pages

    def routes(self) -> list[Route]:
        one = ROOT + "/{object}/{id}"
        return [
            Route(ROOT, self.home),
            Route(ROOT + "/recycle-bin", self.recycle_bin),
            Route(ROOT + "/{object}", self.listed),
            Route(ROOT + "/{object}/new", self.new, methods=["GET"]),
            Route(ROOT + "/{object}/new", self.create, methods=["POST"]),
            Route(one, self.record, methods=["GET"]),
            Route(one, self.save, methods=["POST"]),
            Route(one + "/quick", self.quick, methods=["POST"]),
            Route(one + "/delete", self.delete, methods=["POST"]),
            Route(one + "/undelete", self.undelete, methods=["POST"]),
        ]

    async def home(self, request: Request) -> Response:
        return RedirectResponse(f"{ROOT}/Opportunity", 303)

    # -- looking

    async def listed(self, request: Request) -> Response:
        visit = self.visit(request)
        if visit is None:
            return self.log_in_first(request)
        view = request.query_params.get("view", "all")
        search = request.query_params.get("search", "").strip()
        rows = [row for row in visit.access.rows(visit.sobject) if self.fits(row, visit, view)]
        title = COLUMNS[visit.sobject.name][0]
        rows = [row for row in rows if search.lower() in (row[title] or "").lower()]
        rows.sort(key=lambda row: row["SystemModstamp"], reverse=True)
        views = {key: label for key, label in VIEWS.items() if key in self.views(visit.sobject)}
        return self.page(
            visit,
            "lightning_list.html",
            columns=[visit.sobject.by_name[n.lower()] for n in COLUMNS[visit.sobject.name]],
            rows=rows[:ROWS],
            total=len(rows),
            view=view,
            views=views,
            search=search,
        )

    def views(self, sobject: SObject) -> tuple[str, ...]:
        return (
            ("all", "mine", "open", "closed") if "isclosed" in sobject.by_name else ("all", "mine")
        )

    def fits(self, row: Row, visit: Visit, view: str) -> bool:
        if view == "mine":
            return bool(row["OwnerId"] == visit.access.user_id)
        if view in ("open", "closed"):
            return row.get("IsClosed") is (view == "closed")
        return True

    async def record(self, request: Request) -> Response:
        visit = self.visit(request)
        if visit is None:
            return self.log_in_first(request)
        row = visit.records.read(visit.sobject, request.path_params["id"])
        return self.form(visit, row)

    async def new(self, request: Request) -> Response:
        visit = self.visit(request)
        if visit is None:
            return self.log_in_first(request)
        empty: Row = {f.name: None for f in visit.sobject.fields}
        return self.form(visit, empty | {"OwnerId": visit.access.user_id})

    async def recycle_bin(self, request: Request) -> Response:
        visit = self.visit(request, "Opportunity")
        if visit is None:
            return self.log_in_first(request)
        deleted = [
            (sobject, row)
            for sobject in map(OBJECTS.__getitem__, FORMS)
            for row in UserAccess(self.org, visit.access.user_id, with_deleted=True).rows(sobject)
            if row["IsDeleted"]
        ]
        deleted.sort(key=lambda pair: pair[1]["SystemModstamp"], reverse=True)
        return self.page(visit, "lightning_bin.html", deleted=deleted[:ROWS], here="recycle-bin")

    # -- changing

    async def create(self, request: Request) -> Response:
        visit = self.visit(request)
        if visit is None:
            return self.log_in_first(request)
        given = await self.given(visit)
        try:
            row = visit.records.create(visit.sobject, given)
        except ApiProblem as problem:
            empty: Row = {f.name: None for f in visit.sobject.fields}
            return self.form(visit, empty | given, problem)
        return self.done(f"{visit.url}/{row['Id']}", "Created")

    async def save(self, request: Request) -> Response:
        visit = self.visit(request)
        if visit is None:
            return self.log_in_first(request)
        record_id = request.path_params["id"]
        row = visit.records.read(visit.sobject, record_id)
        given = await self.given(visit)
        changed = {name: value for name, value in given.items() if in_form(row[name]) != value}
        try:
            visit.records.update(visit.sobject, record_id, changed)
        except ApiProblem as problem:
            return self.form(visit, row | given, problem)
        return self.done(f"{visit.url}/{row['Id']}", "Saved")

    async def quick(self, request: Request) -> Response:
        visit = self.visit(request)
        if visit is None:
            return self.log_in_first(request)
        label = str((await request.form()).get("do"))
        values = QUICK[visit.sobject.name].get(label)
        if values is None:
            raise not_found()
        if values.get("StageName", "").startswith("Closed"):
            values = values | {"CloseDate": self.org.today_of(visit.access.user_id).isoformat()}
        row = visit.records.update(visit.sobject, request.path_params["id"], values)
        return self.done(f"{visit.url}/{row['Id']}", "Saved")

    async def delete(self, request: Request) -> Response:
        visit = self.visit(request)
        if visit is None:
            return self.log_in_first(request)
        visit.records.delete(visit.sobject, request.path_params["id"])
        return self.done(f"{ROOT}/recycle-bin", "Deleted")

    async def undelete(self, request: Request) -> Response:
        visit = self.visit(request)
        if visit is None:
            return self.log_in_first(request)
        visit.records.undelete(visit.sobject, request.path_params["id"])
        return self.done(f"{visit.url}/{request.path_params['id']}", "Undeleted")

    # -- what all of them need

    def visit(self, request: Request, object_name: str = "") -> Visit | None:
        """Who is here, and for what; None when nobody is logged in."""
        user_id = self.pages.browser_user(request)
        if user_id is None:
            return None
        access = UserAccess(self.org, user_id)
        sobject = OBJECTS.get(object_name or request.path_params["object"])
        if sobject is None or sobject.name not in FORMS or not access.can_read(sobject):
            raise not_found()
        return Visit(request, access, Records(self.org, access), sobject)

    def log_in_first(self, request: Request) -> Response:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        back = asked if request.method == "GET" else ROOT
        return RedirectResponse(f"/login?{urlencode({'going_to': back})}", 303)

    def done(self, url: str, what: str) -> Response:
        return RedirectResponse(f"{url}?{urlencode({'done': what})}", 303)

    async def given(self, visit: Visit) -> Row:
        form = await visit.request.form()
        names = FORMS[visit.sobject.name]
        flags = {n for n in names if visit.sobject.by_name[n.lower()].type == "boolean"}
        return {n: n in form if n in flags else str(form.get(n) or "") for n in names}

    def form(self, visit: Visit, row: Row, problem: ApiProblem | None = None) -> Response:
        quick = QUICK[visit.sobject.name]
        state = {"Closed Won", "Closed Lost", "Completed"} & {
            row.get("StageName"),
            row.get("Status"),
        }
        return self.page(
            visit,
            "lightning_record.html",
            status=problem.status if problem else 200,
            row=row,
            problem=problem,
            fields=[visit.sobject.by_name[n.lower()] for n in FORMS[visit.sobject.name]],
            choices=self.choices(visit.sobject),
            quick=[label for label in quick if (label == "Reopen") is bool(state)],
            may_change=not row["Id"] or visit.access.may_change(visit.sobject, row, "Edit"),
        )

    def choices(self, sobject: SObject) -> dict[str, list[tuple[str, str]]]:
        people = [row for row in self.org.users if row["IsActive"]]
        accounts = [row for row in self.org.store.rows("Account") if not row["IsDeleted"]]
        named = {"OwnerId": people, "AccountId": accounts}
        return {
            name: sorted(((row["Id"], row["Name"]) for row in rows), key=lambda pair: pair[1])
            for name, rows in named.items()
        }

    def page(self, visit: Visit, template: str, status: int = 200, **more: Any) -> Response:
        names = {row["Id"]: row["Name"] for row in self.org.users}
        context = {
            "here": visit.sobject.name,
            "sobject": visit.sobject,
            "tabs": [OBJECTS[name] for name in FORMS],
            "me": self.org.store.get("User", visit.access.user_id),
            "done": visit.request.query_params.get("done"),
            "names": names,
            "root": ROOT,
            "as_text": as_text,
            "in_form": in_form,
            **more,
        }
        return self.pages.page(visit.request, template, status, **context)
