import os
import signal
import subprocess
import sys
import time
from pathlib import Path

FAMILY = """
import os, sys, time
from config.child_process import bind_forks
bind_forks()
if os.fork() == 0:
    os.fork()
os.write(1, b"%d\\n" % os.getpid())  # in one piece: three write to one pipe
time.sleep(600)
"""


def gone(pid: int) -> bool:
    """Whether it has ended; nobody may be there to bury it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_killing_the_first_process_kills_its_forks_and_their_forks() -> None:
    process = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    family = {int(process.stdout.readline()) for _ in range(3)}
    assert process.pid in family
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 5
    while not all(gone(pid) for pid in family):
        assert time.monotonic() < deadline, "a fork is still there"
        time.sleep(0.02)
