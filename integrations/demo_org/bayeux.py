"""The messages of Bayeux: handshake, connect, subscribe, unsubscribe, disconnect."""

import asyncio
import contextlib
import re
import secrets
import time
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from .access import UserAccess
from .answers import json_answer
from .schema import OBJECTS
from .stream_faults import CONCURRENT, DAILY
from .stream_sessions import Message, Session

if TYPE_CHECKING:
    from .org import DemoOrg

COOKIE = "BAYEUX_BROWSER"
MOST_EVENTS = 500
TIP, ALL_KEPT = -1, -2
AUTHENTICATION = "401::Authentication invalid"
BUSY = "503::Server is too busy.  Please try your request again later."
_AUTHORIZATION = re.compile(r"(?:Bearer|OAuth)\s+(\S+)", re.IGNORECASE)


class Exchange:
    """The messages of one POST and the answers to them."""

    def __init__(
        self, org: "DemoOrg", sessions: dict[str, Session], request: Request, asked: list[Message]
    ) -> None:
        self.org = org
        self.sessions = sessions
        self.request = request
        self.asked = asked
        found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", "").strip())
        self.token = found[1] if found else ""
        self.status = 200
        self.cookie = ""

    @property
    def user_id(self) -> str | None:
        return self.org.authority.user_of(self.token)

    async def answer(self) -> Response:
        replies: list[Message] = []
        for message in self.asked:
            replies += await self.reply(message)
        answer = json_answer(replies, self.status)
        if self.cookie:
            answer.set_cookie(COOKIE, self.cookie, httponly=True)
        return answer

    async def reply(self, message: Message) -> list[Message]:
        channel = str(message.get("channel", ""))
        base: Message = {"channel": channel}
        if "id" in message:
            base["id"] = message["id"]
        if channel == "/meta/handshake":
            return [base | self.handshake()]
        session = self.session(message)
        if isinstance(session, dict):
            return [base | session]
        base["clientId"] = session.id
        if channel == "/meta/connect":
            events, told = await self.connect(session, message)
            return [*events, base | told]
        if self.user_id is None:
            return [base | _refused(AUTHENTICATION, "none")]
        if "subscription" in message:
            base["subscription"] = message["subscription"]
        return [base | self.command(channel, session, message)]

    def command(self, channel: str, session: Session, message: Message) -> Message:
        if channel == "/meta/subscribe":
            return self.subscribe(session, message)
        if channel == "/meta/unsubscribe":
            session.positions.pop(str(message.get("subscription")), None)
            return {"successful": True}
        if channel == "/meta/disconnect":
            del self.sessions[session.id]
            session.woken.set()
            return {"successful": True}
        return {"successful": False, "error": "403::Cannot create channel"}

    def session(self, message: Message) -> Session | Message:
        """The session that the message belongs to, or the refusal."""
        client_id = str(message.get("clientId", ""))
        session = self.sessions.get(client_id)
        if session is None or session.ends < time.monotonic():
            self.sessions.pop(client_id, None)
            return _refused("403::Unknown client", "handshake")
        if self.request.cookies.get(COOKIE) != session.cookie:
            text = f"400::Client {client_id} has established a session, but no {COOKIE} cookie"
            return _refused(f"{text} present", "handshake")
        return session

    def handshake(self) -> Message:
        user_id = self.user_id
        if user_id is None:
            denied = _refused("403::Handshake denied", "none")
            return denied | {"ext": {"sfdc": {"failureReason": AUTHENTICATION}}}
        if not UserAccess(self.org, user_id).api_enabled:
            denied = _refused("403::Handshake denied", "none")
            reason = "403::API is disabled for this User"
            return denied | {"ext": {"sfdc": {"failureReason": reason}}}
        if self.limited(CONCURRENT):
            return _refused(f"403::{CONCURRENT}", "none")
        cookie = self.request.cookies.get(COOKIE) or secrets.token_hex(16)
        self.cookie = cookie
        session = Session(secrets.token_hex(13), cookie, user_id, self.next_end())
        self.sessions[session.id] = session
        return {
            "ext": {"replay": True, "payload.format": True},
            "minimumVersion": "1.0",
            "clientId": session.id,
            "supportedConnectionTypes": ["long-polling"],
            "version": "1.0",
            "successful": True,
        }

    def subscribe(self, session: Session, message: Message) -> Message:
        channel = str(message.get("subscription", ""))
        if not channel.startswith("/"):
            text = "400::Channel subscriptions must start with a leading '/'"
            return {"successful": False, "error": text}
        entities = self.org.changes.entities(channel)
        if not entities:
            text = f"400::The channel you requested to subscribe to doesn't exist {{{channel}}}"
            return {"successful": False, "error": text}
        if len(entities) == 1 and not self.sees(entities[0]):
            text = "403::User not allowed to subscribe CDC without View All Data permissions"
            return {"successful": False, "error": text}
        replay = ((message.get("ext") or {}).get("replay") or {}).get(channel, TIP)
        position = self.position(replay)
        if position is None:
            text = (
                f"400::The replayId {{{replay}}} you provided was invalid.  Please provide a valid "
                "ID, -2 to replay all events, or -1 to replay only new events."
            )
            return {"successful": False, "error": text}
        session.positions[channel] = position
        return {"successful": True}

    def position(self, replay: Any) -> int | None:
        """The event after which to begin, or None for an id that is not kept (any more)."""
        changes = self.org.changes
        if replay == TIP:
            return changes.tip
        if replay == ALL_KEPT:
            return changes.floor
        if self.org.faults.spend("replay_refused"):
            return None
        return replay if isinstance(replay, int) and changes.keeps(replay) else None

    def sees(self, entity: str) -> bool:
        user_id = self.user_id
        return user_id is not None and UserAccess(self.org, user_id).sees_all(OBJECTS[entity])

    async def connect(self, session: Session, message: Message) -> tuple[list[Message], Message]:
        """Hold the answer until there is something to tell, the time is over or it is ended."""
        session.connects += 1
        number = session.connects
        asked = (message.get("advice") or {}).get("timeout")
        # The first connect is answered at once, so that the client learns the advice.
        alone = len(self.asked) == 1 and number > 1
        hold = (self.org.stream_hold if asked is None else asked / 1000) if alone else 0.0
        deadline = time.monotonic() + hold
        while True:
            session.ends = deadline + self.org.stream_session
            session.woken.clear()
            refused = self.connect_refused(session)
            if refused:
                return [], refused
            if session.connects != number or await self.request.is_disconnected():
                # The client has come again, or gone: what there is goes to who is here.
                return [], {"successful": True}
            events = self.take(session)
            left = deadline - time.monotonic()
            if events or left <= 0 or self.org.stopping:
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(session.woken.wait(), left)
        session.ends = self.next_end()
        milliseconds = int(self.org.stream_hold * 1000)
        advice = {"interval": 0, "timeout": milliseconds, "reconnect": "retry"}
        return events, {"successful": True, "advice": advice}

    def connect_refused(self, session: Session) -> Message | None:
        faults = self.org.faults
        if self.sessions.get(session.id) is not session:
            return _refused("403::Unknown client", "handshake")
        if faults.spend("stream_session_lost"):
            del self.sessions[session.id]
            return _refused("403::Unknown client", "handshake")
        broken = faults.spend("stream_unauthorized")
        if broken:
            self.org.authority.expire(self.token)
            if broken.value == "status":
                self.status = 401
        if broken or not self.org.authority.keep_alive(self.token):
            return _refused(AUTHENTICATION, "none")
        if faults.spend("stream_busy"):
            busy = _refused(AUTHENTICATION, "none")
            return busy | {"ext": {"sfdc": {"failureReason": BUSY}}}
        if self.limited(DAILY):
            del self.sessions[session.id]
            return _refused(f"403::{DAILY}", "none")
        return None

    def take(self, session: Session) -> list[Message]:
        """What the session has not got yet, in order, and at most so much that it is one answer."""
        waiting: list[tuple[int, str, Message]] = []
        for channel, position in session.positions.items():
            entities = {e for e in self.org.changes.entities(channel) if self.sees(e)}
            for event in self.org.changes.after(position):
                if event.entity in entities:
                    waiting.append((event.replay_id, channel, event.on(channel)))
        waiting.sort(key=lambda each: each[0])
        for replay_id, channel, _ in waiting[:MOST_EVENTS]:
            session.positions[channel] = replay_id
        return [message for _, _, message in waiting[:MOST_EVENTS]]

    def limited(self, limit: str) -> bool:
        on = self.org.faults.value("stream_limit") == limit
        return on and self.org.faults.spend("stream_limit") is not None

    def next_end(self) -> float:
        return time.monotonic() + self.org.stream_session


def _refused(error: str, reconnect: str) -> Message:
    advice = {"reconnect": reconnect, "interval": 0}
    return {"successful": False, "error": error, "advice": advice}
