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
        answer = browser.post(urljoin(page.url, "/login"), form, timeout=TIME_OUT)
        assert "Allow access?" in answer.text, answer.text
        answer = browser.post(
            answer.url, {"decision": decision}, timeout=TIME_OUT, allow_redirects=False
        )
        assert answer.status_code == 302
        url = urlsplit(answer.headers["Location"])
        return f"{url.path}?{url.query}"
