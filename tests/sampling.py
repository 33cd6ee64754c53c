"""``--sample-seconds N``: start no test after that time. With random order, a sample of them."""

import time

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sample-seconds", type=float, default=None, help="start no test after this time"
    )


class Sample:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends_at: float | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if self.ends_at is None:
            self.ends_at = time.monotonic() + self.seconds
        if time.monotonic() > self.ends_at:
            pytest.skip("not in this sample: its time is over")


def pytest_configure(config: pytest.Config) -> None:
    seconds: float | None = config.getoption("--sample-seconds")
    if seconds is not None:
        config.pluginmanager.register(Sample(seconds))
