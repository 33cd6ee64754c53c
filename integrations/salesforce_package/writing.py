"""Filling in the project: our address and the connection's key, each where it belongs."""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import escape

SOURCE = Path(__file__).parent / "source"
#: Where no connection was named yet; the tab says that it cannot be opened until it is replaced.
PLACEHOLDER_KEY = "CONNECTION_KEY"
_SITE = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?", re.ASCII)
_BLANK = re.compile(r"\{\{ (\w+) \}\}")


class CannotWrite(ValueError):
    """Why no project was written, in a sentence for the person at the shell."""


def write_package(folder: Path, *, url: str, key: str, contact: str) -> list[Path]:
    """Write the project into a new or empty folder; return its files.

    Raises CannotWrite; Salesforce shows pages by https only.
    """
    values = {"url": _checked(url), "key": key, "contact": contact}
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotWrite(f"{folder} exists and is not an empty folder. Name another one.")
    written = []
    for template in sorted(path for path in SOURCE.rglob("*") if path.is_file()):
        target = folder / template.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        fit = {n: escape(v) for n, v in values.items()} if template.suffix == ".xml" else values
        target.write_text(_filled(template.read_text(encoding="utf-8"), fit), encoding="utf-8")
        written.append(target)
    return written


def _filled(text: str, values: dict[str, str]) -> str:
    return _BLANK.sub(lambda blank: values[blank[1]], text)


def _checked(url: str) -> str:
    address = url.strip().rstrip("/")
    if not _SITE.fullmatch(address):
        raise CannotWrite(
            f"“{url}” must be where Scoreline is reached: https://scoreline.example.com"
        )
    return address
