"""`python -m integrations.demo_org`: serve an org until Ctrl-C."""

import argparse
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .csv_files import BrokenData
from .grants import ClientApp
from .live import PACE, Sales
from .org import CONSUMER_KEY, CONSUMER_SECRET, PASSWORD, DemoOrg
from .server import PortInUse, listen, serve

DEFAULT_PORT = 8400


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m integrations.demo_org",
        description="A local Salesforce org for trying and testing. It listens on 127.0.0.1 only.",
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s")
    parser.add_argument("--data", type=Path, metavar="DIR", help="load this folder of CSV files")
    parser.add_argument("--keep-dates", action="store_true", help="leave the files' dates alone")
    parser.add_argument("--seed", type=int, default=1, help="of the made-up company")
    parser.add_argument("--people", type=int, default=40, help="sales people in it")
    parser.add_argument("--callback", action="append", default=[], metavar="URL")
    parser.add_argument(
        "--large", type=int, metavar="N", help="for benchmarks: N opportunities that never change"
    )
    parser.add_argument("--live", action="store_true", help="play sales: a change each few seconds")
    parser.add_argument(
        "--pace",
        type=float,
        default=PACE,
        metavar="SECONDS",
        help="of --live; default: %(default)s",
    )
    parser.add_argument("--consumer-key", default=CONSUMER_KEY)
    parser.add_argument("--consumer-secret", default=CONSUMER_SECRET)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = arguments().parse_args(argv)
    try:
        listener = listen(options.port)
        org = make_org(options)
    except (BrokenData, PortInUse) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    first = org.logins[0]
    sys.stdout.write(
        f"Demo org {org.org_id} with {len(org.users)} users is at {url}\n"
        f"Log in as {first.username} or anybody else with the password {PASSWORD}\n"
        f"Break it at {url}/break-it\n"
    )
    sys.stdout.flush()
    stop = threading.Event()
    if options.live:
        how = (stop, options.pace)
        threading.Thread(target=Sales(org, options.seed).run, args=how, daemon=True).start()
    try:
        serve(org, listener)
    finally:
        stop.set()
    return 0


def make_org(options: argparse.Namespace) -> DemoOrg:
    if options.large:
        org = DemoOrg.very_large(options.large)
    elif options.data:
        org = DemoOrg.from_csv(options.data, keep_dates=options.keep_dates)
    else:
        org = DemoOrg.believable(seed=options.seed, people=options.people)
    key, secret = options.consumer_key, options.consumer_secret
    org.app = org.register(ClientApp("Scoreline", key, secret, list(options.callback)))
    return org


if __name__ == "__main__":
    sys.exit(main())
