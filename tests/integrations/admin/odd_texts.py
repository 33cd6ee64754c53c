"""What people paste into a field by mistake, or on purpose."""

from __future__ import annotations

TEXTS = {
    "a NUL byte": "Our\x00 org moves",
    "very long": "x" * 10_000,
    "turned around": "Our \u202esevom gro",
    "markup": "<script>alert(1)</script>\"><img src=//evil.example onerror='alert(1)'>",
    "several lines": "Our\r\norg\r\nmoves",
}
