"""Match rules: how an account is found, tried before they are saved."""

from __future__ import annotations

from collections import Counter
from itertools import product

from accounts.models import Company, User
from integrations.models import Connection, MatchRule
from integrations.user_sync import trying, work
from integrations.user_sync.alike import people_alike
from integrations.user_sync.matching import Matcher

from .builders import NOON, account, mapped, people, person


def match_rules(*enabled: str) -> list[MatchRule]:
    rest = [one for one in MatchRule.Rule.values if one not in enabled]
    return [
        MatchRule(rule=one, position=n, enabled=one in enabled)
        for n, one in enumerate([*enabled, *rest], 1)
    ]


def test_rules_switched_off_find_nobody_but_an_address_is_never_doubled(
    connection: Connection, admin: User
) -> None:
    by_mail = person(connection, 1, email="ann@example.com")
    by_id = person(connection, 2, federation_id="F2")
    by_name = person(connection, 3, username="cy@example.com")
    account(connection.company, "ann@example.com")
    account(connection.company, "bo@example.com", federation_id="F2")
    account(connection.company, "cy@example.com")
    everybody = [by_mail, by_id, by_name]
    on, off = Matcher(connection), Matcher(connection, rules=match_rules())
    assert {one.verdict for one in on.match(everybody).values()} == {"map"}
    verdicts = {pk: one.verdict for pk, one in off.match(everybody).items()}
    assert verdicts == {by_mail.pk: "conflict", by_id.pk: "create", by_name.pk: "create"}
    trial = trying.try_match_rules(connection, match_rules())
    assert dict(trial.verdicts) == {"conflict": 1, "create": 2}
    assert dict(trial.before) == {"map": 3}
    trying.save_match_rules(connection, match_rules("username"), by=admin)
    assert trying.check_match(connection, match_rules("username"), by_name).verdict == "map"
    assert Matcher(connection).match([by_id])[by_id.pk].verdict == "create"


def test_an_earlier_non_match_becomes_a_suggestion(connection: Connection, admin: User) -> None:
    person(connection, 1, federation_id="F1")
    assert [one.key for one in work.work_list(connection)] == ["new_people"]
    account(connection.company, "other@example.com", federation_id="F1")
    assert [one.key for one in work.work_list(connection)] == ["suggested_matches"]


def all_kinds_of_people(connection: Connection) -> None:
    """Two and more of each kind that decisions know, as far as accounts and addresses go."""
    company = connection.company
    accounts = []
    looks = product(User.State, User.Role, (False, True), (None, NOON), (1, 2))
    for number, (state, role, protected, last_login, _) in enumerate(looks, 100):
        look = {"state": state, "role": role, "protected": protected, "last_login": last_login}
        accounts.append(User(company=company, email=f"person{number}@example.com", **look))
    User.objects.bulk_create(accounts)
    people(connection, range(100, 150))  # some without such an account
    for number, one in enumerate(accounts[::5]):
        mapped(connection, 900 + number, one)
    for number in (1, 2):
        account(company, f"by-id{number}@example.com", federation_id=f"F{number}")
        person(connection, 10 + number, federation_id=f"F{number}")
        account(company, f"by-name{number}@example.com")
        person(connection, 20 + number, username=f"by-name{number}@example.com")
        person(connection, 30 + number, federation_id=f"F{number}", email=f"person14{number}@x.org")
        person(connection, 40 + number, username="by-name1@example.com", federation_id="F1")
        User.objects.create_superuser(email=f"sam{number}@example.com", name="Sam")
        person(connection, 50 + number, email=f"Sam{number}@example.com")
        person(connection, 60 + number, email="office@example.com")
        person(connection, 70 + number, unlinked_at=NOON)
    odd = ["", "nobody at home", "a..b@example.com", "é@example.com", "o'x@example.com", "a@b"]
    for number, address in enumerate([*odd, f"{'a' * 70}@example.com", "a@-b.com"], 200):
        person(connection, number, email=address)
    person(connection, 300, is_active=False)
    person(connection, 301, ignored_at=NOON)


def test_a_trial_counts_what_everybody_alone_would_be_told(connection: Connection) -> None:
    all_kinds_of_people(connection)
    everybody = list(connection.directory.filter(is_active=True, ignored_at=None))
    saved = Counter(one.verdict for one in Matcher(connection).match(everybody).values())
    for enabled in ((), ("email",), ("username", "federation_id"), tuple(MatchRule.Rule.values)):
        for policy in Connection.EmailPolicy:
            rules = match_rules(*enabled)
            alone = Matcher(connection, rules=rules, policy=policy).match(everybody)
            trial = trying.try_match_rules(connection, rules, policy)
            assert trial.verdicts == Counter(one.verdict for one in alone.values())
            assert trial.before == saved
    assert len(saved) == 4, "each verdict is among them"


def test_very_many_people_are_few_kinds(connection: Connection, company: Company) -> None:
    people(connection, range(300))
    User.objects.bulk_create(
        User(company=company, email=f"person{number}@example.com") for number in range(120)
    )
    alike = people_alike(connection)
    assert sorted(alike.values()) == [120, 180]
    assert trying.try_match_rules(connection, match_rules("email")).verdicts == {
        "map": 120,
        "create": 180,
    }
