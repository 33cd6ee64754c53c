"""How fast opportunities become reports, beside the least that any program could do with them.

    python -m tests.benchmarks.sync [--records 50000 500000] [--rounds 3]

*Ours* reads an org whose pages were rendered before, all the way: records, verdicts, reports, feed.
*Bare* is simple-salesforce's ``query_all_iter``, COPY and ON CONFLICT into one table without any
index but its key: it judges nothing and reports nothing. Both ask for the same fields, and both
count from the start of the interpreter. Rounds are interleaved, each on a fresh database.

With ``DATABASE_URL`` that server is used, else an embedded one. Prints medians, their ratio, and
the most memory that each process had.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from config import embedded_postgres
from config.child_process import bound_to_this_process
from tests.benchmarks.rendered_org import TYPES

ROOT = Path(__file__).parents[2]
TEMPLATE, RUN = "bench_template", "bench_run"
#: Those of a database server of some size; the defaults are a small laptop's.
A_SERVERS_SETTINGS = ("shared_buffers = '2GB'", "max_wal_size = '8GB'")
SOQL = f"SELECT {', '.join(TYPES)} FROM Opportunity ORDER BY SystemModstamp, Id"


@dataclass(frozen=True)
class Measured:
    seconds: float
    cpu_seconds: float  # the program's own, without the database's
    peak_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, nargs="+", default=[50_000, 500_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with _database() as url:
        os.environ |= {
            "SELF_CONTAINED": "true",
            "SALESFORCE_ALLOW_LOOPBACK": "true",
            "LOG_LEVEL": "ERROR",
            "FIELD_ENCRYPTION_KEYS": "rX2bM1u3l0nRkq7mYy5aB3Z9yQwK8nJ4tV6cS1dF0eA=",
        }
        for records in options.records:
            _compare(url, records, options.rounds)


def _compare(url: str, records: int, rounds: int) -> None:
    found: dict[str, list[Measured]] = {"ours": [], "bare": []}
    with _org(records) as port:
        _recreate(url, TEMPLATE)
        _role("prepare", _named(url, TEMPLATE), port)
        for _ in range(rounds):
            for role, measured in found.items():
                _recreate(url, RUN, template=TEMPLATE)
                measured.append(_role(role, _named(url, RUN), port))
    rates = {}
    for role, measured in found.items():
        seconds = statistics.median(one.seconds for one in measured)
        rates[role] = records / seconds
        peak = max(one.peak_mib for one in measured)
        spread = f"{min(m.seconds for m in measured):.1f}-{max(m.seconds for m in measured):.1f}"
        rate = f"{rates[role]:7,.0f}/s  {seconds:.1f} s ({spread})"
        cpu = statistics.median(one.cpu_seconds for one in measured)
        _say(f"{records:>7} {role}: {rate}  {cpu:.1f} s of its own CPU  {peak:.0f} MiB")
    _say(f"{records:>7} ratio: {rates['ours'] / rates['bare']:.2f}")


def _role(role: str, url: str, port: int) -> Measured:
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.sync_roles", role, str(port)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        preexec_fn=bound_to_this_process(signal.SIGKILL),
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"{role} failed")
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(seconds, cpu, usage.ru_maxrss / 1024)


@contextmanager
def _org(records: int) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.rendered_org", str(records)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=bound_to_this_process(signal.SIGKILL),
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


@contextmanager
def _database() -> Iterator[str]:
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="scoreline-benchmark-") as folder:
        postgres = Path(folder) / "postgres"
        with embedded_postgres.running(postgres) as url, psycopg.connect(url) as server:
            server.autocommit = True
            for setting in A_SERVERS_SETTINGS:
                server.execute(f"ALTER SYSTEM SET {setting}")
        try:
            with embedded_postgres.running(postgres) as url:
                yield url
        finally:
            embedded_postgres.remove(postgres)


def _named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _recreate(url: str, name: str, template: str = "template1") -> None:
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
