"""The settings of the demo's processes."""

import os
from pathlib import Path

from .processes import HOST


def demo_settings(static: Path, database_url: str, port: int) -> dict[str, str]:
    """What another shell must export, besides the secrets, to run a command against this demo."""
    return {
        "SELF_CONTAINED": "true",
        "DATABASE_URL": database_url,
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "BASE_URL": f"http://{HOST}:{port}",
        "EMAIL_URL": "",
        "SALESFORCE_ALLOW_LOOPBACK": "true",
        "QUEUE_POLL_SECONDS": "0.2",
        "STATIC_ROOT": str(static),
    }


def process_environment(demo: dict[str, str], **more: str) -> dict[str, str]:
    """The environment of a child: the shell's own, but no setting of another installation."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name.removesuffix("_FILE") not in demo and name != "WEB_POOL_SIZE"
    }
    return inherited | demo | {"PYTHONUNBUFFERED": "1"} | more
