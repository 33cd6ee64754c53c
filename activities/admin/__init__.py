"""The admin pages about work; each module registers its own."""

from . import activity_reports, activity_types, comments, shortcuts

__all__ = ["activity_reports", "activity_types", "comments", "shortcuts"]
