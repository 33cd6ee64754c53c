from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.demo import processes
from integrations.demo.errors import DemoError
from integrations.demo.processes import Processes
from tests.waiting import happens, wait_until

COMPLAINS = ["-c", "print('all is well'); print('no such file: x.csv'); raise SystemExit(3)"]
DIES = ["-c", "import os; os.kill(os.getpid(), 9)"]
STAYS = ["-c", "import time; time.sleep(600)"]
IS_DEAF = [
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('deaf', flush=True); time.sleep(600)",
]


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Processes]:
    children = Processes(tmp_path)
    yield children
    children.stop()


def test_a_job_that_fails_is_told_with_its_last_line(children: Processes) -> None:
    with pytest.raises(DemoError) as caught:
        children.run("seed_demo", COMPLAINS, os.environ)
    log = children.logs / "seed_demo.log"
    assert str(caught.value) == f"seed_demo failed: no such file: x.csv (log: {log})"


def test_a_job_that_is_done_is_no_longer_watched(children: Processes) -> None:
    children.run("prepare_demo", ["-c", "pass"], os.environ)
    children.check()
    assert children.children == []


def test_a_part_that_ends_during_a_job_is_told_at_once(children: Processes) -> None:
    children.start("demo org", COMPLAINS, os.environ)
    with pytest.raises(DemoError, match=r"The demo org ended \(exit code 3\): no such file"):
        children.run("prepare_demo", STAYS, os.environ)


def test_a_part_that_was_killed_without_a_word_is_named(children: Processes) -> None:
    children.start("web server", DIES, os.environ)
    with pytest.raises(DemoError) as caught:
        children.watch()
    log = children.logs / "web-server.log"
    assert str(caught.value) == f"The web server ended (signal SIGKILL): (log: {log})"


def test_a_part_that_never_answers_is_named(children: Processes) -> None:
    org = children.start("demo org", STAYS, os.environ)
    with pytest.raises(DemoError, match="The demo org did not answer within 0 seconds"):
        children.wait_for(org, lambda: False, 0)


def test_a_part_that_does_not_stop_when_told_is_killed(
    children: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.1)
    deaf = children.start("worker", IS_DEAF, os.environ)
    wait_until(lambda: "deaf" in deaf.log.read_text(), "it listens to nobody")
    children.stop()
    assert happens(lambda: deaf.process.poll() == -9)
