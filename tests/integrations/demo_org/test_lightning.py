"""The org's pages for sales people."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from integrations.demo_org import DemoOrg
from integrations.demo_org.org import PASSWORD
from integrations.demo_org.store import Row

from .client import PATIENCE, Client


class Browser:
    """A browser in which one person is logged in."""

    def __init__(self, client: Client, user: Row) -> None:
        self.url = client.url
        self.session = requests.Session()
        form = {"username": user["Username"], "password": PASSWORD, "going_to": "/lightning"}
        self.page = self.post("/login", **form)

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.url + path, timeout=PATIENCE)

    def post(self, path: str, **form: str) -> requests.Response:
        return self.session.post(self.url + path, data=form, timeout=PATIENCE)


@pytest.fixture
def seller(org: DemoOrg) -> Row:
    return org.user(org.cast["existing_account"].email)


@pytest.fixture
def browser(client: Client, seller: Row) -> Iterator[Browser]:
    made = Browser(client, seller)
    yield made
    made.session.close()


@pytest.fixture
def deal(org: DemoOrg, seller: Row) -> Row:
    return org.insert(
        "Opportunity",
        Name="The deal",
        StageName="Prospecting",
        CloseDate=org.today(),
        OwnerId=seller["Id"],
        Amount=100.0,
    )


def now(org: DemoOrg, row: Row) -> Row:
    found = org.store.get("Opportunity", row["Id"])
    assert found is not None
    return found


def test_whoever_is_not_logged_in_is_asked_to_and_comes_back(client: Client, deal: Row) -> None:
    path = f"/lightning/Opportunity/{deal['Id']}"
    page = requests.get(client.url + path, timeout=PATIENCE)
    assert "Log in to" in page.text
    assert f'value="{path}"' in page.text


def test_everybody_who_can_log_in_is_offered_at_the_log_in(client: Client, org: DemoOrg) -> None:
    page = requests.get(f"{client.url}/login", timeout=PATIENCE).text
    for login in org.logins:
        assert f'name="username" value="{login.username}"' in page


def test_the_list_shows_ones_own_records_newest_first(
    browser: Browser, org: DemoOrg, deal: Row
) -> None:
    assert browser.page.url.endswith("/lightning/Opportunity")
    page = browser.get("/lightning/Opportunity").text
    other = next(r for r in org.store.rows("Opportunity") if r["OwnerId"] != deal["OwnerId"])
    assert deal["Id"] in page
    assert other["Id"] not in page
    assert deal["Id"] not in browser.get("/lightning/Opportunity?view=closed").text
    assert deal["Id"] in browser.get("/lightning/Opportunity?search=THE+deal").text


def test_a_deal_is_won_reopened_deleted_and_undeleted_by_one_press_each(
    browser: Browser, org: DemoOrg, deal: Row
) -> None:
    path = f"/lightning/Opportunity/{deal['Id']}"
    assert "Saved." in browser.post(f"{path}/quick", do="Close as won").text
    won = now(org, deal)
    assert (won["IsWon"], won["LastModifiedById"]) == (True, deal["OwnerId"])
    browser.post(f"{path}/quick", do="Reopen")
    assert now(org, deal)["IsClosed"] is False
    assert "Recycle Bin" in browser.post(f"{path}/delete").text
    assert now(org, deal)["IsDeleted"] is True
    browser.post(f"{path}/undelete")
    assert now(org, deal)["IsDeleted"] is False
    kinds = [e.payload["ChangeEventHeader"] for e in org.changes.after(0)]
    assert {kind["changeOrigin"] for kind in kinds[1:]} == {"com/salesforce/lightning"}


def test_a_deal_is_closed_on_the_sellers_own_day(
    browser: Browser, org: DemoOrg, deal: Row, seller: Row
) -> None:
    org.update("User", seller["Id"], TimeZoneSidKey="Pacific/Kiritimati")
    browser.post(f"/lightning/Opportunity/{deal['Id']}/quick", do="Close as won")
    ahead = now(org, deal)["CloseDate"]
    org.update("User", seller["Id"], TimeZoneSidKey="Etc/GMT+12")
    browser.post(f"/lightning/Opportunity/{deal['Id']}/quick", do="Close as won")
    assert ahead - now(org, deal)["CloseDate"] in (timedelta(days=1), timedelta(days=2))


def test_the_tab_is_for_whoever_has_its_permission_set(client: Client, org: DemoOrg) -> None:
    org.canvas_url = "http://127.0.0.1:8000/tab/"
    pages = {}
    for role in ("existing_account", "without_tab"):
        somebody = Browser(client, org.user(org.cast[role].email))
        pages[role] = somebody.get("/lightning/n/scoreline").text
        somebody.session.close()
    assert "signed_request" in pages["existing_account"]
    assert "signed_request" not in pages["without_tab"]
    assert "It takes the permission set “Scoreline”." in pages["without_tab"]


def test_the_form_saves_what_was_changed_and_nothing_else(
    browser: Browser, org: DemoOrg, deal: Row
) -> None:
    colleague = next(r for r in org.users if r["IsActive"] and r["Id"] != deal["OwnerId"])
    form = {"Name": "Renamed", "StageName": "Prospecting", "Amount": "250.50"}
    fixed = {"CloseDate": deal["CloseDate"].isoformat(), "OwnerId": colleague["Id"]}
    browser.post(f"/lightning/Opportunity/{deal['Id']}", **form, **fixed)
    row = now(org, deal)
    assert (row["Name"], row["Amount"], row["OwnerId"]) == ("Renamed", 250.5, colleague["Id"])
    last = org.changes.after(0)[-1].payload["ChangeEventHeader"]
    assert set(last["changedFields"]) - {"LastModifiedById"} == {
        "Name",
        "Amount",
        "OwnerId",
        "LastModifiedDate",
    }


def test_a_bad_value_is_told_and_what_was_typed_stays(
    browser: Browser, org: DemoOrg, deal: Row
) -> None:
    form = {
        "Name": "Typed",
        "StageName": "Prospecting",
        "Amount": "a lot",
        "CloseDate": "2026-01-01",
    }
    page = browser.post(f"/lightning/Opportunity/{deal['Id']}", **form, OwnerId=deal["OwnerId"])
    assert page.status_code == 400
    assert 'role="alert"' in page.text
    assert 'value="a lot"' in page.text
    assert now(org, deal)["Name"] == "The deal"


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("Task", {"Subject": "Called", "Status": "Completed", "Priority": "Normal"}),
        (
            "Event",
            {"Subject": "Met", "StartDateTime": "2026-03-02T09:00", "DurationInMinutes": "30"},
        ),
    ],
)
def test_tasks_and_events_are_made_by_form(
    browser: Browser, org: DemoOrg, seller: Row, kind: str, form: dict[str, str]
) -> None:
    assert browser.get(f"/lightning/{kind}/new").status_code == 200
    page = browser.post(f"/lightning/{kind}/new", **form, OwnerId=seller["Id"])
    assert "Created." in page.text
    assert any(row["Subject"] == form["Subject"] for row in org.store.rows(kind))


def test_a_record_that_one_does_not_see_is_not_found(browser: Browser, org: DemoOrg) -> None:
    other = next(r for r in org.store.rows("Opportunity") if r["OwnerId"] not in browser.page.text)
    manager_only = org.update("Opportunity", other["Id"], OwnerId=org.integration_user_id)
    assert browser.get(f"/lightning/Opportunity/{manager_only['Id']}").status_code == 404
    assert browser.get("/lightning/Profile").status_code == 404


def test_the_pages_run_no_script(browser: Browser, deal: Row) -> None:
    for path in ("Opportunity", f"Opportunity/{deal['Id']}", "Opportunity/new", "recycle-bin"):
        page = browser.get(f"/lightning/{path}")
        assert page.status_code == 200
        assert "This is not Salesforce." in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "<script" not in page.text
        assert "style=" not in page.text
