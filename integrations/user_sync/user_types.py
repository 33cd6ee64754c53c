"""Salesforce's kinds of users, as people call them."""

from __future__ import annotations

STANDARD_USER = "Standard"
#: `User.UserType`, https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_user.htm
_WORDS = {
    "Standard": "Standard user",
    "CsnOnly": "Chatter-only user",
    "PowerPartner": "Partner",
    "Partner": "Partner",
    "CSPLitePortal": "Customer, high-volume portal",
    "CspLitePortal": "Customer, high-volume portal",
    "CustomerSuccess": "Customer",
    "PowerCustomerSuccess": "Customer",
    "SelfService": "Customer, self-service",
    "Guest": "Guest of a public site",
}
_MACHINES = {
    "AutomatedProcess": "automated process",
    "CloudIntegrationUser": "integration",
}


def type_in_words(user_type: str) -> str:
    """“Chatter-only user”, “A machine: automated process”."""
    if user_type in _MACHINES:
        return f"A machine: {_MACHINES[user_type]}"
    return _WORDS.get(user_type, user_type or "Unknown type of user")


def why_no_colleague(user_type: str) -> str:
    """Why somebody of another type than `STANDARD_USER` gets no account."""
    if user_type in _MACHINES:
        return f"Not a person: {_MACHINES[user_type]}"
    words = type_in_words(user_type)
    return f"Not a colleague: {words[:1].lower()}{words[1:]}"
