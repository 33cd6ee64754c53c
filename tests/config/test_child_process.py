import os
import signal
import subprocess
import sys

from tests.waiting import wait_until

from .processes import gone

FAMILY = """
import os, sys, time
from config.child_process import bind_forks
bind_forks()
if os.fork() == 0:
    os.fork()
os.write(1, b"%d\\n" % os.getpid())  # in one piece: three write to one pipe
time.sleep(600)
"""


def test_killing_the_first_process_kills_its_forks_and_their_forks() -> None:
    process = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    family = {int(process.stdout.readline()) for _ in range(3)}
    assert process.pid in family
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: all(map(gone, family)), "every fork is gone", seconds=5)
    assert all(map(gone, family))
