"""Who can log in to the demo's site."""

from dataclasses import dataclass

#: Shown to whoever starts the demo, which listens on loopback only.
PASSWORD = "scoreline-demo"  # noqa: S105


@dataclass(frozen=True)
class Login:
    role: str
    email: str
    name: str

    def as_json(self) -> dict[str, str]:
        return {"role": self.role, "email": self.email, "password": PASSWORD}


COMPANY_ADMIN = Login("company admin", "admin@scoreline.example", "Alex Admin")
MEMBER = Login("member", "member@scoreline.example", "Mia Member")
SUPPORT = Login("support staff", "support@scoreline.example", "Sam Support")
