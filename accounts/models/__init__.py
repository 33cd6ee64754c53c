from .audit import AuditEntry
from .company import Company, Team
from .user import User

__all__ = ["AuditEntry", "Company", "Team", "User"]
