"""An odd answer of Salesforce is not believed before a person has looked."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, User
from integrations.demo_org.org import DemoOrg
from integrations.models import Connection, DirectoryUser, SyncRun
from integrations.user_sync.directory import accept_shrinking, refresh_directory
from integrations.user_sync.errors import RefreshRefused

from .mirroring import refresh, versions

State = SyncRun.State


class TestGuard:
    def test_an_empty_answer_is_held(self, salesforce: Connection, org: DemoOrg) -> None:
        refresh(salesforce)
        before = versions()
        org.faults.break_it("empty_directory")
        run = refresh(salesforce)
        assert run.state == State.HELD
        assert run.error.startswith("Salesforce answered with no users at all")
        assert versions() == before

    def test_an_empty_answer_is_held_the_first_time_too(
        self, salesforce: Connection, org: DemoOrg
    ) -> None:
        org.faults.break_it("empty_directory")
        assert refresh(salesforce).state == State.HELD

    def test_a_shrunken_answer_is_held_until_a_person_accepts_it(
        self, salesforce: Connection, org: DemoOrg, admin: User
    ) -> None:
        refresh(salesforce)
        before = versions()
        org.faults.break_it("shrunk_directory")
        held = refresh(salesforce)
        assert held.state == State.HELD
        assert f"of {len(org.users)} Salesforce users are missing" in held.error
        assert versions() == before
        accepted = accept_shrinking(held, by=admin)
        refresh_directory(accepted.pk)
        accepted.refresh_from_db()
        assert accepted.state == State.DONE
        assert accepted.missing == DirectoryUser.objects.filter(missing_since__isnull=False).count()
        assert accepted.missing > 5
        assert AuditEntry.objects.get(action="directory.shrinking_accepted").actor == admin
        org.faults.mend_everything()
        assert refresh(salesforce).changed == accepted.missing
        assert not DirectoryUser.objects.filter(missing_since__isnull=False).exists()

    def test_a_later_refresh_that_went_well_ends_the_one_that_waited(
        self, salesforce: Connection, org: DemoOrg, admin: User
    ) -> None:
        refresh(salesforce)
        org.faults.break_it("shrunk_directory")
        held = refresh(salesforce)
        org.faults.mend_everything()
        before = org.api_calls
        later = refresh(salesforce)
        assert later.state == State.DONE
        assert later.api_calls == org.api_calls - before > 0
        held.refresh_from_db()
        assert held.state == State.FAILED
        assert held.error.startswith("Over: a later refresh went well.")
        assert "Salesforce users are missing" in held.error
        with pytest.raises(RefreshRefused):
            accept_shrinking(held, by=admin)

    def test_who_accepted_a_shorter_list_did_not_accept_an_empty_one(
        self, salesforce: Connection, org: DemoOrg, admin: User
    ) -> None:
        refresh(salesforce)
        before = versions()
        org.faults.break_it("shrunk_directory")
        accepted = accept_shrinking(refresh(salesforce), by=admin)
        org.faults.break_it("empty_directory")
        refresh_directory(accepted.pk)
        accepted.refresh_from_db()
        assert accepted.state == State.HELD
        assert versions() == before

    def test_a_few_who_are_missing_are_marked_and_kept(
        self, salesforce: Connection, org: DemoOrg
    ) -> None:
        refresh(salesforce)
        for number in range(5):
            DirectoryUser.objects.create(
                company=salesforce.company,
                connection=salesforce,
                salesforce_id=f"005{number:015d}",
                username="gone",
                name="Gone",
                is_active=True,
                system_modstamp=timezone.now(),
                refreshed_at=timezone.now(),
            )
        assert refresh(salesforce).missing == 5
        gone = DirectoryUser.objects.filter(name="Gone", missing_since__isnull=False)
        assert gone.count() == 5

    def test_only_a_held_refresh_can_be_accepted(self, salesforce: Connection, admin: User) -> None:
        with pytest.raises(RefreshRefused, match="does not wait"):
            accept_shrinking(refresh(salesforce), by=admin)
