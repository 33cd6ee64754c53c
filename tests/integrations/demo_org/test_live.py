"""Live sales."""

import threading
from collections import Counter
from datetime import UTC, datetime

from integrations.demo_org import DemoOrg
from integrations.demo_org.live import Sales
from tests.waiting import happens

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def org() -> DemoOrg:
    return DemoOrg.believable(people=12, clock=lambda: NOON)


def test_the_same_seed_plays_the_same_game_and_another_does_not() -> None:
    players = [Sales(org(), seed) for seed in (1, 1, 2)]
    games = [[player.act() for _ in range(40)] for player in players]
    assert games[0] == games[1] != games[2]


def test_everything_that_sales_people_do_happens() -> None:
    made = org()
    sales = Sales(made)
    said = [sales.act() for _ in range(400)]
    verbs = ("opened", "moved to", "won", "lost", "reopened", "gave to", "deleted", "undeleted")
    for verb in (*verbs, "logged a call", "held a meeting"):
        assert any(f" {verb}" in one for one in said), verb
    kinds = Counter(
        event.payload["ChangeEventHeader"]["changeType"] for event in made.changes.after(0)
    )
    assert set(kinds) == {"CREATE", "UPDATE", "DELETE", "UNDELETE"}
    assert sum(kinds.values()) == 400


def test_only_people_who_are_still_there_sell() -> None:
    made = org()
    leaver = made.cast["leaver"].user_id
    sales = Sales(made)
    for _ in range(200):
        sales.act()
    assert all(
        event.payload["ChangeEventHeader"]["commitUser"] != leaver
        for event in made.changes.after(0)
    )


def test_it_can_begin_with_nothing() -> None:
    sales = Sales(DemoOrg.empty())
    assert all(sales.act() for _ in range(20))


def test_it_ends_when_it_is_told_to() -> None:
    made, stop = org(), threading.Event()
    game = threading.Thread(target=Sales(made).run, args=(stop, 0.001), daemon=True)
    game.start()
    has_begun = happens(lambda: made.changes.tip >= 6440)
    stop.set()
    game.join(5)
    assert has_begun
    assert not game.is_alive()
