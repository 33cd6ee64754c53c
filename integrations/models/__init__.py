from .connection import AuthorizationAttempt, Connection, ConnectionCredential
from .directory import DirectoryUser
from .mapping import Approach, UserMapping
from .plan import PlannedChange, SyncPlan
from .run import Heartbeat, Lease, SyncRun

__all__ = [
    "Approach",
    "AuthorizationAttempt",
    "Connection",
    "ConnectionCredential",
    "DirectoryUser",
    "Heartbeat",
    "Lease",
    "PlannedChange",
    "SyncPlan",
    "SyncRun",
    "UserMapping",
]
