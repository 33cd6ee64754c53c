"""What a strict policy forbids, and what shows that a text was believed, in a page."""

from __future__ import annotations

from html.parser import HTMLParser


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.unsafe: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("style", "iframe") or (tag == "script" and not values.get("src")):
            self.unsafe.append(f"<{tag}>")
        for name, value in attrs:
            is_inline = name == "style" or name.startswith("on")
            runs = name in ("href", "src", "action") and (value or "").startswith("javascript:")
            if is_inline or runs or (value or "").startswith("//"):
                self.unsafe.append(f"{tag} {name}={value}")


def unsafe_in(html: str) -> list[str]:
    """Tags and attributes that no page of ours has."""
    page = _Page()
    page.feed(html)
    if "alert(1)</script>" in html:
        page.unsafe.append("alert(1)</script>")
    return page.unsafe
