from .feed import Comment, Feed, Like
from .report import ActivityReport, ActivityType

__all__ = ["ActivityReport", "ActivityType", "Comment", "Feed", "Like"]
