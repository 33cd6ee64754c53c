from .feed import Comment, Feed, Like
from .report import ActivityReport, ActivityType
from .tab import FeedChoice, Shortcuts

__all__ = [
    "ActivityReport",
    "ActivityType",
    "Comment",
    "Feed",
    "FeedChoice",
    "Like",
    "Shortcuts",
]
