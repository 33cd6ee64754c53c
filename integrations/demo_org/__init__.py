"""DemoOrg"""

from .org import DemoOrg

__all__ = ["DemoOrg"]
