import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.salesforce.errors import ConfigurationError, PermanentError
from integrations.salesforce.hosts import checked_data_path, checked_url

INSTANCE = "https://acme.my.salesforce.com"


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        (" https://test.salesforce.com/ ", "https://test.salesforce.com"),
        (
            "HTTPS://Acme--Dev.Sandbox.my.salesforce.com:443/",
            "https://acme--dev.sandbox.my.salesforce.com",
        ),
        (
            "https://login.salesforce.com/id/00Dx0000000BV7zEAG/005x00000012Q9PAAU",
            "https://login.salesforce.com/id/00Dx0000000BV7zEAG/005x00000012Q9PAAU",
        ),
    ],
)
def test_salesforces_own_addresses_pass(url: str, normal: str) -> None:
    assert checked_url(url, allow_loopback=False) == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "login.salesforce.com",
        "//login.salesforce.com",
        "http://login.salesforce.com",
        "javascript://login.salesforce.com",
        "https://salesforce.com.evil.com",
        "https://evilsalesforce.com",
        "https://evil.com/.salesforce.com",
        "https://evil.com#.salesforce.com",
        "https://evil.com?.salesforce.com",
        "https://evil.com\\.salesforce.com",
        "https://login.salesforce.com@evil.com",
        "https://login.salesforce.com:secret@evil.com/",
        "https://evil.com:443@login.salesforce.com",
        "https://login.salesforce.com\\@evil.com",
        "https://login.salesforce.com:8443",
        "https://login.salesforce.com.",
        "https://-a.salesforce.com",
        "https://l\u043egin.salesforce.com",  # a Cyrillic o
        "https://login\u3002salesforce.com",  # an ideographic full stop
        "https://login.salesforce.com/a?b=c",
        "https://login.salesforce.com/a b",
        "https://login.salesforce.com/a\r\nHost: evil.com",
        "https://127.0.0.1",
        "http://127.0.0.1:8400",
        "http://localhost:8400",
        "https://[::1]",
        "https://169.254.169.254",
        "https://acme.lightning.force.com",
    ],
)
def test_every_other_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_url(url, allow_loopback=False)


def test_a_page_address_is_answered_with_the_right_one() -> None:
    with pytest.raises(ConfigurationError, match=r"ends in \.my\.salesforce\.com"):
        checked_url("https://acme.lightning.force.com", allow_loopback=False)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machine_passes_only_where_it_is_allowed(host: str) -> None:
    url = f"http://{host}:8400"
    assert checked_url(url + "/", allow_loopback=True) == url


@pytest.mark.parametrize(
    "url", ["http://localhost.evil.com", "http://127.0.0.1@evil.com", "http://10.0.0.1"]
)
def test_allowing_this_machine_allows_no_other(url: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_url(url, allow_loopback=True)


@given(st.text())
def test_a_host_that_passes_always_ends_in_a_domain_of_salesforces(text: str) -> None:
    try:
        url = checked_url(f"https://{text}", allow_loopback=False)
    except ConfigurationError:
        return
    host = url.removeprefix("https://").partition("/")[0]
    assert host.endswith((".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn"))
    assert "@" not in url


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked_url("https://me:hunter2@evil.com", allow_loopback=False)
    assert "hunter2" not in f"{caught.value!r} {caught.value.detail}"


@pytest.mark.parametrize("prefix", ["", INSTANCE])
def test_the_next_page_lies_in_the_data_api(prefix: str) -> None:
    path = "/services/data/v66.0/query/01gRO0000016PIAYA2-500"
    assert checked_data_path(prefix + path, INSTANCE) == path


@pytest.mark.parametrize(
    "url",
    [
        "@evil.com/services/data/v66.0/query/01g",
        ".evil.com/services/data/v66.0/query/01g",
        "//evil.com/services/data/v66.0/query/01g",
        "https://evil.com/services/data/v66.0/query/01g",
        "/services/oauth2/revoke",
        "/services/data/v66.0/../../oauth2/revoke",
        "/services/data/v66.0/query/01g?x=@evil.com",
        "",
    ],
)
def test_the_next_page_lies_nowhere_else(url: str) -> None:
    with pytest.raises(PermanentError):
        checked_data_path(url, INSTANCE)
