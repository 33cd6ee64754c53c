"""An org that costs nothing: every page of its opportunities was rendered before it is asked.

Speaks as much of the REST API as a full read needs: describe, query, queryAll, the next page.
``python -m tests.benchmarks.rendered_org 50000`` prints its port.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import BinaryIO
from urllib.parse import parse_qs, urlsplit

from integrations.salesforce.ids import to_18

API = "/services/data/v66.0"
PAGE = 2_000
PEOPLE = 40
#: As many are won as in a year of a real company's pipeline.
WON_OF_HUNDRED = 48
TYPES = {
    "Id": "id",
    "SystemModstamp": "datetime",
    "IsDeleted": "boolean",
    "IsPrivate": "boolean",
    "Amount": "currency",
    "CloseDate": "date",
    "IsWon": "boolean",
    "Name": "string",
    "OwnerId": "reference",
}
FIRST_STAMP = datetime(2024, 1, 1, 8, tzinfo=UTC)


def user_id(number: int) -> str:
    return to_18(f"005{number:012d}")


def row(number: int) -> dict[str, object]:
    stamp = FIRST_STAMP + timedelta(seconds=61 * number)
    record_id = to_18(f"006{number:012d}")
    return {
        "attributes": {"type": "Opportunity", "url": f"{API}/sobjects/Opportunity/{record_id}"},
        "Id": record_id,
        "SystemModstamp": f"{stamp:%Y-%m-%dT%H:%M:%S}.000+0000",
        "IsDeleted": False,
        "IsPrivate": False,
        "Amount": number % 9_973 * 1.25,
        "CloseDate": f"{stamp:%Y-%m-%d}",
        "IsWon": number % 100 < WON_OF_HUNDRED,
        "Name": f"Account {number % 1_000}: GTX Plus Basic {number}",
        "OwnerId": user_id(number % PEOPLE),
    }


class RenderedOrg:
    def __init__(self, records: int, pages: BinaryIO) -> None:
        self.records = records
        self.pages = pages
        self.places: list[tuple[int, int]] = []
        for start in range(0, records, PAGE):
            self._render(start)
        pages.flush()
        self.describe = json.dumps(
            {"fields": [{"name": name, "type": kind} for name, kind in TYPES.items()]}
        ).encode()

    def _render(self, start: int) -> None:
        end = min(start + PAGE, self.records)
        page: dict[str, object] = {"totalSize": self.records, "done": end == self.records}
        if not page["done"]:
            page["nextRecordsUrl"] = f"{API}/query/0r8000000000001AAA-{end}"
        page["records"] = [row(number) for number in range(start, end)]
        body = json.dumps(page, separators=(",", ":")).encode()
        self.places.append((self.pages.tell(), len(body)))
        self.pages.write(body)

    def answer(self, target: str) -> bytes:
        url = urlsplit(target)
        if url.path.endswith("/describe"):
            return self.describe
        if "COUNT()" in parse_qs(url.query).get("q", [""])[0]:
            return json.dumps({"totalSize": self.records, "done": True, "records": []}).encode()
        _, _, offset = url.path.rpartition("-")
        place, size = self.places[int(offset) // PAGE if offset.isdigit() else 0]
        self.pages.seek(place)
        return self.pages.read(size)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                body = self.answer(request.split(b" ", 2)[1].decode())
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\n"
                    b"Sforce-Limit-Info: api-usage=18/100000\r\n"
                    + f"Date: {formatdate(usegmt=True)}\r\n".encode()
                    + f"Content-Length: {len(body)}\r\n\r\n".encode()
                )
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main(records: int) -> None:
    with tempfile.TemporaryFile() as pages:
        org = RenderedOrg(records, pages)
        server = await asyncio.start_server(org.serve, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
