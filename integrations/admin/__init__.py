from .connection import ConnectionAdmin
from .directory_users import DirectoryUserAdmin
from .mappings import UserMappingAdmin
from .plans import SyncPlanAdmin

__all__ = ["ConnectionAdmin", "DirectoryUserAdmin", "SyncPlanAdmin", "UserMappingAdmin"]
