"""The errors a query can get, worded and pointed at the way Salesforce does."""


class QueryError(Exception):
    """A refused query: `code` is Salesforce's error code, the text is its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def pointed(code: str, soql: str, position: int, message: str) -> QueryError:
    """An error with the line of the query and a caret under `position` (an index into `soql`)."""
    row = soql.count("\n", 0, position)
    start = soql.rfind("\n", 0, position) + 1
    line = soql[start:].split("\n", 1)[0]
    column = position - start
    where = f"ERROR at Row:{row + 1}:Column:{column + 1}"
    return QueryError(code, f"\n{line}\n{' ' * column}^\n{where}\n{message}")


_REFERENCE = "Please reference your WSDL or the describe call for the appropriate names."


def no_such_column(soql: str, position: int, name: str, entity: str) -> QueryError:
    return pointed(
        "INVALID_FIELD",
        soql,
        position,
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom "
        f"field, be sure to append the '__c' after the custom field name. {_REFERENCE}",
    )


def no_such_relationship(soql: str, position: int, name: str) -> QueryError:
    return pointed(
        "INVALID_FIELD",
        soql,
        position,
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a "
        "custom relationship, be sure to append the '__r' after the custom relationship name. "
        f"{_REFERENCE}",
    )


def no_such_object(soql: str, position: int, name: str) -> QueryError:
    return pointed(
        "INVALID_TYPE",
        soql,
        position,
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, "
        f"be sure to append the '__c' after the entity name. {_REFERENCE}",
    )


def unexpected(soql: str, position: int, token: str) -> QueryError:
    return pointed("MALFORMED_QUERY", soql, position, f"unexpected token: '{token or '<EOF>'}'")
