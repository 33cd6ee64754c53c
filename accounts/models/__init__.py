from .audit import AuditEntry
from .company import Company, Team
from .entrance import EntranceCode
from .log_in import LogInAttempt
from .user import User

__all__ = ["AuditEntry", "Company", "EntranceCode", "LogInAttempt", "Team", "User"]
