from .access_request import AccessRequest
from .connection import AuthorizationAttempt, Connection, ConnectionCredential, TeamSource
from .directory import DirectoryUser
from .mapping import Approach, UserMapping
from .plan import PlannedChange, SyncPlan
from .record import Evaluation, HeldChange, SalesforceRecord
from .rules import AttributeRule, MatchRule, ScopeRule
from .run import Heartbeat, Lease, SyncRun
from .tab import TabVisitor
from .watermark import Watermark
from .workflow import Workflow, WorkflowCondition

__all__ = [
    "AccessRequest",
    "Approach",
    "AttributeRule",
    "AuthorizationAttempt",
    "Connection",
    "ConnectionCredential",
    "DirectoryUser",
    "Evaluation",
    "Heartbeat",
    "HeldChange",
    "Lease",
    "MatchRule",
    "PlannedChange",
    "SalesforceRecord",
    "ScopeRule",
    "SyncPlan",
    "SyncRun",
    "TabVisitor",
    "TeamSource",
    "UserMapping",
    "Watermark",
    "Workflow",
    "WorkflowCondition",
]
