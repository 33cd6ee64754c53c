from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, ClassVar

from accounts.models import Team
from integrations.management.scriptable import Answer, BadUse, ScriptableCommand
from integrations.management.selection import (
    FILTERS,
    actor_of,
    add_actor_argument,
    add_connection_arguments,
    connection_of,
    people_of,
    required_actor_of,
)
from integrations.management.shown_plan import shown
from integrations.management.working import apply_now, refresh_now, why_not_read
from integrations.models import Connection, SyncPlan, SyncRun, TeamSource
from integrations.user_sync import approving, automatic, deciding, requesting
from integrations.user_sync.directory import request_refresh
from integrations.user_sync.errors import NobodyLeft
from integrations.user_sync.planning import needs_review, plan_import


class Command(ScriptableCommand):
    help = (
        "Gives Salesforce users accounts: plans it, approves it where no person must look at it"
        " first, and applies it. What a person must look at stays a plan, and the exit code is 3."
    )
    asks_salesforce: ClassVar[bool] = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--approach", required=True, choices=["on-demand", "automatic", "all-active"]
        )
        add_connection_arguments(parser)
        add_actor_argument(parser)
        parser.add_argument(
            "--refresh", action="store_true", help="read the Salesforce users first"
        )
        parser.add_argument(
            "--worker", action="store_true", help="leave the applying to the worker"
        )
        people = parser.add_argument_group("on demand")
        people.add_argument(
            "--person", action="append", metavar="WHO", help="id, username or e-mail; repeatable"
        )
        for name in FILTERS:
            people.add_argument(f"--{name}", metavar="VALUE", help=f"everybody of this {name}")
        people.add_argument("--team", help="a team's name, or “none”; else as Salesforce says")
        people.add_argument("--invite", action="store_true", help="send invitations, too")
        request = parser.add_argument_group("all active users")
        request.add_argument("--note", help="for whoever decides")

    def answer(self, options: dict[str, Any]) -> Answer:
        _check_fits(options)
        connection = connection_of(options)
        if options["refresh"] and not options["dry_run"]:
            by = actor_of(options, connection.company)
            run = refresh_now(request_refresh(connection, by=by))
            if run.state != SyncRun.State.DONE:
                return why_not_read(run)
        match options["approach"]:
            case "on-demand":
                return self._on_demand(connection, options)
            case "automatic":
                return self._automatic(connection, options)
        return self._all_active(connection, options)

    def _on_demand(self, connection: Connection, options: dict[str, Any]) -> Answer:
        by = actor_of(options, connection.company)
        source, team = _team(connection, options["team"])
        people = people_of(connection, options)
        if not people.exists():
            raise BadUse("Nobody fits: look at the spelling, or read the users with --refresh.")
        with self.undone_in_a_dry_run(options):
            plan = plan_import(
                connection,
                people,
                by=by,
                team_source=source,
                team=team,
                send_invitations=options["invite"],
            )
            answer = shown(plan)
            if reasons := needs_review(plan):
                answer.waits_for = (
                    f"{' '.join(reasons)} Look at it and approve it: manage.py plan approve"
                    f" {plan.pk}"
                )
        if answer.waits_for or options["dry_run"]:
            return answer
        approving.approve(plan, by=by)
        return shown(plan) if options["worker"] else apply_now(plan)

    def _automatic(self, connection: Connection, options: dict[str, Any]) -> Answer:
        if not connection.automatic_is_on:
            raise BadUse(f"Automatically sync users is off for {connection}.")
        with self.undone_in_a_dry_run(options):
            plans = automatic.plan_wanted(connection)
            answers = [shown(plan) for plan in plans]
        if not options["dry_run"] and not options["worker"]:
            answers = [
                apply_now(plan) if plan.state in SyncPlan.STATES_UNDER_WAY else shown(plan)
                for plan in plans
            ]
        held = [plan for plan in plans if plan.state == SyncPlan.State.HELD]
        return Answer(
            {"plans": [answer.values for answer in answers]},
            [line for answer in answers for line in answer.lines] or ["Nobody is wanted."],
            waits_for=" ".join(plan.held_reason for plan in held),
            failure=" ".join(answer.failure for answer in answers if answer.failure),
        )

    def _all_active(self, connection: Connection, options: dict[str, Any]) -> Answer:
        by = required_actor_of(options, connection.company)
        source, team = _team(connection, options["team"])
        with self.undone_in_a_dry_run(options):
            try:
                plan = requesting.preview(
                    connection,
                    by=by,
                    team_source=source,
                    team=team,
                    send_invitations=options["invite"],
                )
            except NobodyLeft:
                return _nobody_left(connection)
            answer = shown(plan)
            if options["dry_run"]:
                return answer
            request = requesting.request(connection, by=by, note=options["note"] or "", plan=plan)
        if refusal := deciding.why_not(request, by):
            answer.values["request"] = request.pk
            answer.waits_for = refusal
            return answer
        deciding.approve(request, by=by)
        plan.refresh_from_db()
        return shown(plan) if options["worker"] else apply_now(plan)


def _nobody_left(connection: Connection) -> Answer:
    if connection.directory_refreshed_at is None:
        raise BadUse("The Salesforce users were never read: read them with --refresh.")
    return Answer({"plan": None}, ["Everybody has an account already."])


def _check_fits(options: dict[str, Any]) -> None:
    """Who names one person must not get accounts for everybody, by the wrong approach."""
    only_for = {
        "person": ["on-demand"],
        **{name: ["on-demand"] for name in FILTERS},
        "team": ["on-demand", "all-active"],
        "invite": ["on-demand", "all-active"],
        "note": ["all-active"],
    }
    for name, approaches in only_for.items():
        is_given = options[name] not in (None, False)
        if is_given and options["approach"] not in approaches:
            raise BadUse(f"--{name} belongs to --approach {' or '.join(approaches)}.")


def _team(connection: Connection, named: str | None) -> tuple[str, Team | None]:
    if named is None:
        return TeamSource.FROM_SALESFORCE, None
    if named == "none":
        return TeamSource.NONE, None
    team = Team.objects.filter(company=connection.company_id, name__iexact=named).first()
    if team is None:
        raise BadUse(f"{connection.company} has no team “{named}”.")
    return TeamSource.CHOSEN, team
