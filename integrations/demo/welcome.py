"""What the demo says when everything answers."""

import os
import shlex
import textwrap
from pathlib import Path
from typing import Any

NUMBERS = {4: "Four", 5: "Five", 6: "Six"}
WIDTH = 100


def welcome(ready: dict[str, Any], environment_file: Path) -> str:
    """``ready`` is what the ready file holds."""
    logins = [(who["role"], who["email"], who["password"]) for who in ready["logins"]]
    width = max(len(role) for role, _, _ in logins)
    salesforce_login = ready["salesforce_logins"][0]
    shown = os.path.relpath(environment_file)
    return "\n".join(
        [
            "",
            f"Scoreline        {ready['web']}/",
            *(f"  {role:{width}}  {email}  password {word}" for role, email, word in logins),
            "",
            f"The demo org     {ready['salesforce']}/   (not Salesforce; it stands in for it here)",
            f"  {salesforce_login['username']}  password {salesforce_login['password']}",
            "",
            *_try_first(ready["first_steps"], ready["web"]),
            "For other commands against this demo, in a second shell:",
            f"  . {shlex.quote(shown if not shown.startswith('..') else str(environment_file))}",
            "",
            "Ctrl-C ends all of it; the data stay for the next start.",
        ]
    )


def _try_first(steps: list[dict[str, Any]], web: str) -> list[str]:
    """Nothing where the connection was terminated."""
    if not steps:
        return []
    lines = [f"{NUMBERS[len(steps)]} things to try first:"]
    for number, step in enumerate(steps, start=1):
        lines += _lines(number, step, web)
    return [*lines, ""]


def _lines(number: int, step: dict[str, Any], web: str) -> list[str]:
    """One thing to try: what, and where."""
    begin = f"  {number}. "
    words = textwrap.wrap(f"{step['title']}: {step['words']}", WIDTH - len(begin))
    addresses = [
        f"{label}  {web}{address}" if address.startswith("/") else f"{label}  {address}"
        for label, address in step["links"]
    ]
    rest = [*words[1:], *addresses]
    return [f"{begin}{words[0]}", *(" " * len(begin) + line for line in rest)]
