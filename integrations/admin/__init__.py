from .account_fields import MappedUserAdmin
from .connection import ConnectionAdmin
from .directory_users import DirectoryUserAdmin
from .mappings import UserMappingAdmin
from .plans import SyncPlanAdmin

__all__ = [
    "ConnectionAdmin",
    "DirectoryUserAdmin",
    "MappedUserAdmin",
    "SyncPlanAdmin",
    "UserMappingAdmin",
]
