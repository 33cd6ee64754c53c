"""The admin pages about people; each module registers its own."""

from . import audit_entries, companies, teams, users

__all__ = ["audit_entries", "companies", "teams", "users"]
