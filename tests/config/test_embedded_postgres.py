from django.db import connection


def test_x(db):
    assert connection.cursor().execute("select 1")
