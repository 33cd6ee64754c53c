"""Which addresses our secrets may be sent to."""

import re
from urllib.parse import urlsplit

from integrations.salesforce.errors import ConfigurationError, PermanentError

# The strict whole-text pattern is the point: no user info, no port but 443, no query, no
# backslash, nothing that two URL parsers could read in two ways.
_SALESFORCE_URL = re.compile(
    r"https://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}"
    r"(?:salesforce\.com|salesforce\.mil|sfcrmproducts\.cn)(?:/[A-Za-z0-9._~/-]*)?",
    re.ASCII,
)
_LOOPBACK_URL = re.compile(
    r"http://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?",
    re.ASCII,
)
# Pages that customers build are served from these, so no secret may go there.
_SITES_NOT_FOR_LOG_IN = re.compile(r"(?:^|\.)(?:force\.com|salesforce-sites\.com|site\.com)$")
_DATA_PATH = re.compile(r"/services/data/v[0-9]{2,3}\.[0-9]/[A-Za-z0-9._~/-]+", re.ASCII)


def checked_url(url: str, *, allow_loopback: bool) -> str:
    """Return the address of a Salesforce server, its host in lower case, without a final slash.

    Raises ConfigurationError for every address outside Salesforce's own domains.
    """
    normal = _with_lower_case_host(url.strip()).rstrip("/")
    if _SALESFORCE_URL.fullmatch(normal):
        return normal
    if allow_loopback and _LOOPBACK_URL.fullmatch(normal):
        return normal
    shown = normal.rpartition("@")[2]  # what stands before an @ may be a password
    raise ConfigurationError(_why_not(shown), detail=f"refused address {shown[:200]!r}")


def origin(url: str) -> str:
    """Return scheme, host and port of a checked address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def checked_data_path(next_records_url: str, instance_url: str) -> str:
    """Return the path of `nextRecordsUrl`, which must lie in the data API of the same instance.

    Salesforce sends a path. It is glued to the host by the caller, so `@evil.com/` and
    `.evil.com/` would change the host.
    """
    path = next_records_url.removeprefix(origin(instance_url))
    if not _DATA_PATH.fullmatch(path) or ".." in path:
        raise PermanentError(
            "Salesforce answered with an address for the next page that is not its own. "
            "Nothing was fetched from there. Please tell support.",
            detail=f"refused nextRecordsUrl {next_records_url[:200]!r}",
        )
    return path


def _with_lower_case_host(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    host = host.lower().removesuffix(":443")
    return f"{scheme.lower()}{separator}{host}{slash}{path}"


def _why_not(url: str) -> str:
    host = url.partition("://")[2].partition("/")[0]
    if _SITES_NOT_FOR_LOG_IN.search(host):
        return (
            f"“{host}” shows Salesforce's pages but is not the address to log in at. Use your "
            "My Domain address, which ends in .my.salesforce.com."
        )
    return (
        f"“{url[:100]}” is not an address of Salesforce. It should look like "
        "https://login.salesforce.com or https://yourcompany.my.salesforce.com."
    )
