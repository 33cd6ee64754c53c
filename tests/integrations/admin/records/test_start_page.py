"""What the start page says of records."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.models import User
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, Evaluation, SalesforceRecord, Workflow
from tests.integrations.admin.conftest import logged_in
from tests.integrations.admin.safety import unsafe_in
from tests.integrations.record_sync.world import account, deal, poll, rep, switched_on


def test_the_start_page_says_how_fresh_the_data_is_and_shows_the_days(
    client: Client, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    switched_on(connection)
    poll(connection)
    home = client.get("/admin/", {"connection": connection.pk})
    assert "last asked" in home.text
    assert "not listening" in home.text
    assert "API requests" in home.text
    assert home.context["chart"].total == 1
    assert home.text.count("<rect ") == 1
    assert not unsafe_in(home.text)


def test_a_workflow_that_needs_attention_is_work_for_somebody(
    client: Client, connection: Connection
) -> None:
    switched_on(connection)
    Workflow.objects.update(state=Workflow.State.NEEDS_ATTENTION, problem="A field is gone.")
    home = client.get("/admin/", {"connection": connection.pk}).text
    assert "Workflows that need attention" in home


def test_workflows_that_all_need_attention_are_not_called_off(
    client: Client, connection: Connection
) -> None:
    switched_on(connection)
    Workflow.objects.update(state=Workflow.State.NEEDS_ATTENTION, problem="A field is gone.")
    step = client.get("/admin/", {"connection": connection.pk}).context["steps"][2]
    assert (step.words, step.is_done) == ("1 workflow needs attention.", True)


def test_records_set_aside_are_counted_and_listed_of_one_connection(
    client: Client, support: User, connection: Connection, org: DemoOrg
) -> None:
    ann = rep(org, "Ann")
    account(connection, ann)
    deal(org, ann)
    switched_on(connection)
    Evaluation.objects.update(verdict=Evaluation.Verdict.FAILED)
    second = Connection.objects.create(company=connection.company, login_url=connection.login_url)
    ours, said = SalesforceRecord.objects.get(), Evaluation.objects.get()
    theirs = copy(Workflow.objects.get(), connection=second)
    copy(said, workflow=theirs, record=copy(ours, connection=second), report=None)
    work = client.get("/admin/", {"connection": connection.pk}).context["work"]
    (line,) = [line for line in work if line.kind == "set_aside"]
    assert line.count == 1
    for browser in (client, logged_in(support)):
        assert list(browser.get(line.address).context["cl"].result_list) == [ours]


def copy(row: Any, **changes: Any) -> Any:
    """The same row once more, but for this."""
    row = type(row).objects.get(pk=row.pk)
    row.pk = None
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row
