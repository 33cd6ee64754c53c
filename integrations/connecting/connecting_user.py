"""Who one connects as: their Salesforce user, and whether that is a good idea."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from accounts.models import Company, User
from integrations.salesforce.client import SalesforceClient
from integrations.salesforce.errors import ConfigurationError
from integrations.salesforce.oauth import Identity
from integrations.salesforce.soql import literal, select

INTEGRATION_LICENCE = "Salesforce Integration"


@dataclass(frozen=True)
class ConnectingUser:
    """A Salesforce user as the page “Connect as …” shows them; kept as JSON with the log-in."""

    org_id: str
    org_name: str
    is_sandbox: bool | None
    user_id: str
    username: str
    name: str
    email: str
    user_type: str
    licence: str
    profile: str
    role: str

    @classmethod
    def read(cls, identity: Identity, client: SalesforceClient) -> Self:
        """Raise SalesforceError; a user without access to the API gets as far as that."""
        row = _user_row(identity.user_id, client)
        organization = client.organization()
        profile = row.get("Profile") or {}
        return cls(
            org_id=identity.org_id,
            org_name=str(organization.get("Name") or ""),
            is_sandbox=organization.get("IsSandbox"),
            user_id=identity.user_id,
            username=identity.username,
            name=identity.display_name,
            email=identity.email,
            user_type=str(row.get("UserType") or identity.user_type),
            licence=str((profile.get("UserLicense") or {}).get("Name") or ""),
            profile=str(profile.get("Name") or ""),
            role=str((row.get("UserRole") or {}).get("Name") or ""),
        )

    @property
    def is_integration_user(self) -> bool:
        return self.licence == INTEGRATION_LICENCE

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def signs_of_a_person(user: ConnectingUser, company: Company) -> Sequence[str]:
    """Why this looks like somebody's own user, in sentences; none for an integration user.

    A person leaves or changes jobs one day, and then the connection breaks.
    """
    if user.is_integration_user:
        return []
    signs = []
    account = User.objects.filter(company=company, email__iexact=user.email).first()
    if account is not None:
        signs.append(f"{account.name or account.email} has an account here with the same e-mail.")
    if user.role:
        signs.append(f"The user has the role “{user.role}” in Salesforce, as people do.")
    if user.user_type.lower() != "standard":
        signs.append(f"It is a user of the type “{user.user_type}”, who sees only a part.")
    return signs


def _user_row(user_id: str, client: SalesforceClient) -> dict[str, Any]:
    """Licence, profile and role; empty when this user may not see them of itself."""
    try:
        page = client.first_page(
            select(
                ["UserType", "Profile.Name", "Profile.UserLicense.Name", "UserRole.Name"],
                "User",
                where=f"Id = {literal(user_id)}",
            )
        )
    except ConfigurationError as error:
        if not error.field:
            raise
        return {}
    return page.rows[0] if page.rows else {}
