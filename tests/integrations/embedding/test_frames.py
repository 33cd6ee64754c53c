"""Which pages may frame the tab: those of its own org, and no other."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import User
from integrations.demo_org.org import DemoOrg
from integrations.embedding.frames import frame_origins
from integrations.models import Connection

from .opening import opened


def test_only_the_connections_own_pages_may_frame_it(
    connection: Connection, org: DemoOrg, ann: User, salesforce_user: str
) -> None:
    connection.login_url = "https://acme--dev.sandbox.my.salesforce.com"
    connection.save()
    for response in (
        opened(connection, "rubbish"),
        Client().get(f"/embed/{connection.key}/"),
        Client().put(f"/embed/{connection.key}/"),
    ):
        policy = response.headers["Content-Security-Policy"]
        ancestors = re.search(r"frame-ancestors ([^;]*)", policy)
        assert ancestors
        assert ancestors[1].split() == [
            "https://acme--dev.sandbox.my.salesforce.com",
            "https://acme--dev.sandbox.lightning.force.com",
            "https://acme--dev--c.sandbox.vf.force.com",
            *(org.url.replace("127.0.0.1", host) for host in ("127.0.0.1", "localhost")),
        ]
        assert "X-Frame-Options" not in response.headers


@pytest.mark.parametrize(
    ("address", "pages"),
    [
        (
            "https://acme.my.salesforce.mil",
            [
                "https://acme.lightning.crmforce.mil",
                "https://acme.lightning.force.mil",
                "https://acme--c.vf.crmforce.mil",
                "https://acme--c.vf.force.mil",
            ],
        ),
        (
            "https://acme.my.sfcrmproducts.cn",
            ["https://acme.lightning.sfcrmapps.cn", "https://acme--c.vf.sfcrmapps.cn"],
        ),
        ("https://login.salesforce.com", []),
    ],
)
def test_each_cloud_has_its_own_pages(address: str, pages: list[str]) -> None:
    own = [address] if pages else []
    assert frame_origins(Connection(login_url=address)) == [*own, *pages]


def test_an_unknown_key_is_404_and_nobody_may_frame_it(db: None) -> None:
    for key in ("unknown", "%00"):
        response = Client().post(f"/embed/{key}/", {"signed_request": "x"})
        assert response.status_code == 404
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"
