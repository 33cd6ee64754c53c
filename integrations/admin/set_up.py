"""The four steps to a company feed, each with its state and button; gone when all are done."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.models import Connection, DirectoryUser, TabVisitor, UserMapping, Workflow

from .addresses import page_of, people_with, workflows_of
from .directory_run import last_run
from .words import count_of, counted

State = Connection.State


@dataclass(frozen=True)
class SetUpStep:
    title: str
    words: str
    is_done: bool
    button: str = ""
    address: str = ""
    is_post: bool = False


def set_up(connection: Connection | None) -> list[SetUpStep]:
    """The steps in their order; empty once all are done."""
    if connection is None:
        steps = [_first_connect(), *_later()]
    else:
        later = [_people(connection), _workflows(connection), _tab(connection)]
        if connection.state in (State.NOT_CONNECTED, State.RECONNECT_REQUIRED, State.TERMINATED):
            later = [step if step.is_done else _comes_next(step.title) for step in later]
        steps = [_connect(connection), *later]
    return [] if all(step.is_done for step in steps) else steps


def _first_connect() -> SetUpStep:
    return SetUpStep(
        "Connect",
        "About ten minutes. You need somebody who may set up apps in Salesforce.",
        is_done=False,
        button="Connect Salesforce",
        address=page_of("connection_connect"),
        is_post=True,
    )


def _later() -> list[SetUpStep]:
    titles = ("Choose people", "Choose what counts", "Put the tab in Salesforce")
    return [_comes_next(title) for title in titles]


def _comes_next(title: str) -> SetUpStep:
    return SetUpStep(title, "Comes next.", is_done=False)


def _connect(connection: Connection) -> SetUpStep:
    page = page_of("connection_change", connection.pk)
    match connection.state:
        case State.NOT_CONNECTED:
            words = "Prepared, but nobody has logged in to Salesforce yet."
            return SetUpStep("Connect", words, False, "Continue connecting", page)
        case State.RECONNECT_REQUIRED:
            return SetUpStep(
                "Connect", "Salesforce no longer lets us in.", False, "Reconnect", page
            )
        case State.TERMINATED:
            words = "The integration was terminated."
            return SetUpStep("Connect", words, False, "Connect again", page)
    problems = [one for one in connection.check_findings if one["level"] != "good"]
    if problems:
        words = f"{counted(len(problems), 'permission')} to look at."
        return SetUpStep("Connect", words, True, "See the check", page)
    return SetUpStep("Connect", "All permissions are in place.", True)


def _people(connection: Connection) -> SetUpStep:
    title = "Choose people"
    people = people_with(connection)
    if not DirectoryUser.objects.filter(connection=connection).exists():
        run = last_run(connection)
        if run and run.is_under_way:
            return SetUpStep(title, run.headline, False, "See how far it is", people)
        refresh = page_of("directoryuser_refresh", connection.pk)
        words = "Read who there is in Salesforce. Nobody gets an account by it."
        return SetUpStep(title, words, False, "Read the list", refresh, is_post=True)
    mapped = UserMapping.objects.filter(connection=connection, is_current=True)
    if not mapped.exists():
        return SetUpStep(title, "Nobody has an account yet.", False, "Choose people", people)
    return SetUpStep(title, f"{count_of(mapped, 'person has', 'people have')} an account.", True)


def _workflows(connection: Connection) -> SetUpStep:
    title = "Choose what counts"
    states = list(connection.workflows.values_list("state", flat=True))
    if active := states.count(Workflow.State.ON):
        return SetUpStep(title, f"{counted(active, 'workflow')} on.", True)
    if troubled := states.count(Workflow.State.NEEDS_ATTENTION):
        words = f"{counted(troubled, 'workflow needs', 'workflows need')} attention."
        return SetUpStep(title, words, True, "See why", workflows_of(connection))
    if states:
        return SetUpStep(title, "No workflow is on yet.", False, "Choose", workflows_of(connection))
    words = "Which records become activity reports. Start with closed-won deals."
    page = f"{page_of('workflow_add')}?connection={connection.pk}"
    return SetUpStep(title, words, False, "Choose", page)


def _tab(connection: Connection) -> SetUpStep:
    title, page = "Put the tab in Salesforce", page_of("connection_tab", connection.pk)
    opened = TabVisitor.objects.filter(connection=connection)
    if opened.exists():
        words = f"{count_of(opened, 'person has', 'people have')} opened it."
        return SetUpStep(title, words, True, "Who can open it", page)
    words = "The company feed where your people work."
    return SetUpStep(title, words, False, "Show me how", page)
