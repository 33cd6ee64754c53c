from .connection import ConnectionAdmin

__all__ = ["ConnectionAdmin"]
