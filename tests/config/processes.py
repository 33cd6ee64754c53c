from __future__ import annotations

from pathlib import Path


def gone(pid: int) -> bool:
    """Whether it has ended; nobody may be there to bury it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
