from .connection import AuthorizationAttempt, Connection, ConnectionCredential
from .directory import DirectoryUser
from .mapping import Approach, UserMapping
from .plan import PlannedChange, SyncPlan
from .record import Evaluation, HeldChange, SalesforceRecord, Watermark
from .run import Heartbeat, Lease, SyncRun
from .workflow import Workflow, WorkflowCondition

__all__ = [
    "Approach",
    "AuthorizationAttempt",
    "Connection",
    "ConnectionCredential",
    "DirectoryUser",
    "Evaluation",
    "HeldChange",
    "Heartbeat",
    "Lease",
    "PlannedChange",
    "SalesforceRecord",
    "SyncPlan",
    "SyncRun",
    "UserMapping",
    "Watermark",
    "Workflow",
    "WorkflowCondition",
]
