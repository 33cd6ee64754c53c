from .account_fields import MappedUserAdmin
from .connection import ConnectionAdmin
from .directory_users import DirectoryUserAdmin
from .mappings import UserMappingAdmin
from .plans import SyncPlanAdmin
from .salesforce_records import SalesforceRecordAdmin
from .sync_runs import SyncRunAdmin
from .workflows import WorkflowAdmin

__all__ = [
    "ConnectionAdmin",
    "DirectoryUserAdmin",
    "MappedUserAdmin",
    "SalesforceRecordAdmin",
    "SyncPlanAdmin",
    "SyncRunAdmin",
    "UserMappingAdmin",
    "WorkflowAdmin",
]
