"""People of the demo org, and what they do in it, for the tests of the tab."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import requests

from integrations.demo_org.org import CONSUMER_KEY, CONSUMER_SECRET
from tests.demo import Demo

#: Maps two people of the org; prints their and a stranger's log-in names, and the last account.
PREPARE = """
import json
from accounts.models import User
from activities.models import ActivityType
from integrations.models import Connection, DirectoryUser, UserMapping
connection = Connection.objects.get()
people = DirectoryUser.objects.filter(connection=connection, is_active=True, is_frozen=False)
known = [email.lower() for email in User.objects.values_list("email", flat=True)]
standard = people.filter(user_type="Standard", license_name="Salesforce").order_by("name")
fresh = [one for one in standard if one.email and one.email.lower() not in known]
for person, role in zip(fresh, ("admin", "member")):
    account = User.objects.create_user(company=connection.company, email=person.email,
        name=person.name, role=role)
    UserMapping.objects.create(company=connection.company, connection=connection, account=account,
        salesforce_user_id=person.salesforce_id, approach="manual")
ActivityType.objects.create(company=connection.company, name="Handshakes",
    sentence="shook hands", by_hand=True)
print("FOUND" + json.dumps([*(one.username for one in fresh[:3]), account.pk]))
"""
DEACTIVATE = "from accounts.models import User; User.objects.filter(pk={}).deactivate()"


class People:
    """Of the org: two are mapped, one of them an admin here; the stranger is not."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        output = demo.manage("shell", "-v0", "-c", PREPARE)
        found = json.loads(output.rpartition("FOUND")[2])
        self.admin, self.member, self.stranger, self._member_account = found
        keys = {"client_id": CONSUMER_KEY, "client_secret": CONSUMER_SECRET}
        grant = requests.post(
            f"{demo.ready['salesforce']}/demo-org/grant",
            keys | {"username": self.admin},
            timeout=30,
        )
        self._access_token = grant.json()["access_token"]

    def close_a_deal(self, name: str) -> str:
        """The admin's, in the org, big enough for a celebration; its id."""
        deal = {
            "Name": name,
            "StageName": "Closed Won",
            "CloseDate": f"{datetime.now(UTC).date()}",
            "Amount": 50_000,
        }
        answer = self._ask("POST", "Opportunity", deal)
        return str(answer.json()["id"])

    def reopen(self, deal_id: str) -> None:
        self._ask("PATCH", f"Opportunity/{deal_id}", {"StageName": "Negotiation/Review"})

    def set_amount(self, deal_id: str, amount: int) -> None:
        self._ask("PATCH", f"Opportunity/{deal_id}", {"Amount": amount})

    def deactivate_the_member(self) -> None:
        self.demo.manage("shell", "-v0", "-c", DEACTIVATE.format(self._member_account))

    def _ask(self, method: str, path: str, fields: dict[str, Any]) -> requests.Response:
        answer = requests.request(
            method,
            f"{self.demo.ready['salesforce']}/services/data/v66.0/sobjects/{path}",
            json=fields,
            headers={"Authorization": f"Bearer {self._access_token}"},
            timeout=30,
        )
        assert answer.ok, answer.text
        return answer
