"""What the made-up sales people do: accounts, deals, calls and meetings, up to today."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .schema.sales import STAGES
from .store import Row

if TYPE_CHECKING:
    from .believable import Company

ACCOUNTS = 60
WON_SHARE, LOST_SHARE = 0.45, 0.25
OPEN_STAGES = [stage.name for stage in STAGES.values() if not stage.is_closed]
DEALS = ("Annual plan", "Pilot", "Renewal", "Expansion", "Training days", "Hardware refresh")
CALLS = ("Call", "Follow-up call", "Discovery call", "Call about the offer")
MEETINGS = ("Meeting", "Demo", "Negotiation", "Kick-off", "Quarterly review")


def add_work(company: "Company", sellers: list[Row]) -> None:
    """Give each seller deals, calls and meetings; somebody sells more, somebody less."""
    accounts = [_account(company, sellers) for _ in range(ACCOUNTS)]
    for seller in sellers:
        luck = company.random.uniform(0.3, 1.7)
        deals = [_deal(company, seller, accounts) for _ in range(round(14 * luck))]
        for _ in range(round(18 * luck)):
            _call(company, seller["Id"], seller, deals)
        for _ in range(round(7 * luck)):
            _meeting(company, seller, deals)
    queue = company.org.cast["queue"].user_id
    for _ in range(8):
        _call(company, queue, sellers[0], [])


def _account(company: "Company", sellers: list[Row]) -> Row:
    return company.org.insert(
        "Account",
        Name=company.faker.company(),
        Type="Customer - Direct",
        Industry=company.random.choice(("Technology", "Retail", "Healthcare", "Finance")),
        BillingCity=company.faker.city(),
        BillingCountry="United States",
        NumberOfEmployees=company.random.randint(8, 9000),
        OwnerId=company.random.choice(sellers)["Id"],
        CreatedDate=company.moment_ago(400, 700),
    )


def _deal(company: "Company", seller: Row, accounts: list[Row]) -> Row:
    random = company.random
    account = random.choice(accounts)
    fate = random.random()
    offer = _offer(company, seller, account)
    if fate < WON_SHARE + LOST_SHARE:
        closed = company.moment_ago(0, 300)
        return company.org.insert(
            "Opportunity",
            **offer,
            StageName="Closed Won" if fate < WON_SHARE else "Closed Lost",
            CreatedDate=closed - timedelta(days=random.randint(5, 90)),
            LastModifiedDate=closed,
            CloseDate=closed.date(),
            IsDeleted=random.random() < 0.01,
        )
    created = company.moment_ago(0, 80)
    return company.org.insert(
        "Opportunity",
        **offer,
        StageName=random.choice(OPEN_STAGES),
        CreatedDate=created,
        CloseDate=created.date() + timedelta(days=90),
    )


def _offer(company: "Company", seller: Row, account: Row) -> dict[str, Any]:
    random = company.random
    return {
        "Name": f"{account['Name']}: {random.choice(DEALS)}",
        "AccountId": account["Id"],
        "OwnerId": seller["Id"],
        "Amount": float(random.randint(4, 480) * 125),
        "Type": random.choice(("New Business", "Existing Business")),
        "LeadSource": random.choice(("Web", "Phone Inquiry", "Partner Referral")),
        "IsPrivate": random.random() < 0.02,
    }


def _call(company: "Company", owner_id: str, seller: Row, deals: list[Row]) -> None:
    random = company.random
    when = company.moment_ago(0, 120)
    deal = random.choice(deals) if deals else None
    done = random.random() < 0.8
    company.org.store.insert(
        "Task",
        seller["Id"],
        Subject=random.choice(CALLS),
        Status="Completed" if done else "Not Started",
        Priority=random.choice(("Normal", "Normal", "High")),
        OwnerId=owner_id,
        WhatId=deal["Id"] if deal else None,
        AccountId=deal["AccountId"] if deal else None,
        ActivityDate=when.date(),
        Type="Call",
        TaskSubtype="Call",
        CallType="Outbound",
        CallDurationInSeconds=random.randint(20, 1800) if done else None,
        CreatedDate=when,
    )


def _meeting(company: "Company", seller: Row, deals: list[Row]) -> None:
    random = company.random
    created = company.moment_ago(0, 120)
    start = (created + timedelta(days=2)).replace(minute=0, second=0)
    minutes = random.choice((30, 45, 60, 90))
    deal = random.choice(deals) if deals else None
    company.org.store.insert(
        "Event",
        seller["Id"],
        Subject=random.choice(MEETINGS),
        OwnerId=seller["Id"],
        WhatId=deal["Id"] if deal else None,
        AccountId=deal["AccountId"] if deal else None,
        StartDateTime=start,
        ActivityDateTime=start,
        ActivityDate=start.date(),
        EndDateTime=start + timedelta(minutes=minutes),
        EndDate=(start + timedelta(minutes=minutes)).date(),
        DurationInMinutes=minutes,
        Type="Meeting",
        EventSubtype="Event",
        ShowAs="Busy",
        GroupEventType="0",
        IsChild=random.random() < 0.05,
        CreatedDate=created,
    )
