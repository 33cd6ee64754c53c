from .audit import AuditEntry
from .company import Company, Team
from .log_in import LogInAttempt
from .user import User

__all__ = ["AuditEntry", "Company", "LogInAttempt", "Team", "User"]
