"""What is known of each client of the stream."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


@dataclass
class Session:
    """One client between handshake and disconnect. `positions`: the last event sent, by channel."""

    id: str
    cookie: str
    user_id: str
    ends: float
    positions: dict[str, int] = field(default_factory=dict)
    connects: int = 0
    woken: asyncio.Event = field(default_factory=asyncio.Event)
