"""Child processes that never outlive the process that started them, however that one ends."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent_pid: int, death_signal: signal.Signals) -> None:
    """Ask the kernel for ``death_signal`` when the parent ends; call it in the child.

    The kernel watches the thread that forked, so children are to be started from the main thread.
    It forgets the wish at a change of user: call this after it.
    """
    if _libc.prctl(_PR_SET_PDEATHSIG, death_signal) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:  # it ended between the fork and the wish
        os._exit(1)


def bound_to_this_process(death_signal: signal.Signals) -> Callable[[], None]:
    """A ``preexec_fn`` for ``subprocess.Popen``."""
    parent_pid = os.getpid()
    return lambda: die_with_parent(parent_pid, death_signal)


def bind_forks() -> None:
    """From now on every fork of this process, and theirs, is killed when its parent ends."""
    if sys.platform != "linux":
        raise RuntimeError("Binding forks to their parent needs Linux.")
    parents: list[int] = []
    os.register_at_fork(
        before=lambda: parents.append(os.getpid()),
        after_in_parent=parents.clear,
        after_in_child=lambda: die_with_parent(parents[-1], signal.SIGKILL),
    )
