"""What the identity URL and userinfo say about a user."""

from typing import Any

from .org import DemoOrg
from .soql import as_json

_URLS = {
    "enterprise": "/services/Soap/c/{version}/",
    "metadata": "/services/Soap/m/{version}/",
    "partner": "/services/Soap/u/{version}/",
    "rest": "/services/data/v{version}/",
    "sobjects": "/services/data/v{version}/sobjects/",
    "search": "/services/data/v{version}/search/",
    "query": "/services/data/v{version}/query/",
    "recent": "/services/data/v{version}/recent/",
    "profile": "/{user_id}",
}


def identity_body(org: DemoOrg, user_id: str) -> dict[str, Any]:
    row = org.store.get("User", user_id)
    assert row is not None
    changed = as_json(row["LastModifiedDate"]).replace(".000+0000", "Z")
    return _shared(org, user_id) | {
        "id": org.identity_url(user_id),
        "asserted_user": True,
        "username": row["Username"],
        "nick_name": row["CommunityNickname"],
        "display_name": row["Name"],
        "first_name": row["FirstName"],
        "last_name": row["LastName"],
        "timezone": row["TimeZoneSidKey"],
        "addr_street": None,
        "addr_city": row["City"],
        "addr_state": None,
        "addr_country": row["Country"],
        "addr_zip": None,
        "mobile_phone": row["MobilePhone"],
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "last_modified_date": changed,
        "is_app_installed": True,
    }


def userinfo_body(org: DemoOrg, user_id: str) -> dict[str, Any]:
    """The OpenID Connect form of the same."""
    row = org.store.get("User", user_id)
    assert row is not None
    changed = as_json(row["LastModifiedDate"]).replace(".000+0000", "Z")
    return _shared(org, user_id) | {
        "sub": org.identity_url(user_id),
        "preferred_username": row["Username"],
        "nickname": row["CommunityNickname"],
        "name": row["Name"],
        "given_name": row["FirstName"],
        "family_name": row["LastName"],
        "zoneinfo": row["TimeZoneSidKey"],
        "profile": f"{org.instance_url}/{user_id}",
        "picture": f"{org.instance_url}/static/person.svg",
        "address": {},
        "updated_at": changed,
    }


def _shared(org: DemoOrg, user_id: str) -> dict[str, Any]:
    row = org.store.get("User", user_id)
    assert row is not None
    base = org.instance_url
    urls = {name: base + path.replace("{user_id}", user_id) for name, path in _URLS.items()}
    picture = f"{base}/static/person.svg"
    return {
        "user_id": user_id,
        "organization_id": org.org_id,
        "email": row["Email"],
        "email_verified": True,
        "photos": {"picture": picture, "thumbnail": picture},
        "urls": urls | {"custom_domain": base},
        "active": row["IsActive"],
        "user_type": row["UserType"].upper(),
        "language": row["LanguageLocaleKey"],
        "locale": row["LocaleSidKey"],
        "utcOffset": -21600000,
    }
