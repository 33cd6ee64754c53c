from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from django.db import IntegrityError, connection


def at_once(jobs: Sequence[Callable[[], object]]) -> list[object]:
    """Run the jobs in threads that start together; a broken constraint is among the answers."""
    barrier = threading.Barrier(len(jobs))
    answers: list[object] = []

    def run(job: Callable[[], object]) -> None:
        barrier.wait(10)
        try:
            answers.append(job())
        except IntegrityError as error:
            answers.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == len(jobs)
    return answers
