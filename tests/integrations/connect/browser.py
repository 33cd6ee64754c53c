"""What a person's browser does at Salesforce, over real sockets."""

import re
from urllib.parse import urljoin, urlsplit

import requests

from integrations.demo_org.org import PASSWORD

TIME_OUT = 10


def log_in_at_salesforce(authorize_url: str, username: str, *, decision: str = "allow") -> str:
    """Log in and decide about the app; return path and query of where Salesforce sends one."""
    with requests.Session() as browser:
        page = browser.get(authorize_url, timeout=TIME_OUT)
        assert page.status_code == 200, page.text
        going_to = re.search(r'name="going_to" value="([^"]*)"', page.text)
        assert going_to, page.text
        form = {
            "username": username,
            "password": PASSWORD,
            "going_to": going_to[1].replace("&amp;", "&"),
        }
        answer = _followed(browser, "POST", urljoin(page.url, "/login"), form)
        if "Allow access?" in answer.text:  # not asked again once it was allowed
            answer = _followed(browser, "POST", answer.url, {"decision": decision})
        url = urlsplit(answer.headers["Location"])
        return f"{url.path}?{url.query}"


def _followed(
    browser: requests.Session, method: str, url: str, form: dict[str, str] | None = None
) -> requests.Response:
    """Follow redirects as long as they stay at Salesforce."""
    answer = browser.request(method, url, data=form, timeout=TIME_OUT, allow_redirects=False)
    onwards = urljoin(url, answer.headers.get("Location", url))
    if answer.is_redirect and urlsplit(onwards).netloc == urlsplit(url).netloc:
        return _followed(browser, "GET", onwards)
    return answer
