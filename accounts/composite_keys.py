"""Foreign keys that cannot cross companies: (company, row) together, held by the database.

A model that others point at carries ``UniqueConstraint(fields=["company", "id"])``; the field
that points at it is declared with ``db_constraint=False``, and its migration adds
:func:`company_bound_key` instead.
"""

from django.db import migrations


def company_bound_key(table: str, column: str, target: str) -> migrations.RunSQL:
    """A deferred foreign key ``(company_id, column) -> target (company_id, id)``.

    An empty ``column`` is not checked; a filled one in a row without a company never passes,
    because such tables also hold a check constraint for it.
    """
    name = f"{table}_{column}_same_company"
    return migrations.RunSQL(
        sql=f"""
            ALTER TABLE {table} ADD CONSTRAINT {name}
            FOREIGN KEY (company_id, {column}) REFERENCES {target} (company_id, id)
            DEFERRABLE INITIALLY DEFERRED
        """,
        reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )
