"""The project for Salesforce: complete, filled in, and written nowhere by accident."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integrations.models import Connection
from tests.accounts.conftest import make_company

URL = "https://scoreline.example.com"


def written(folder: Path, **options: str) -> str:
    out = StringIO()
    call_command("salesforce_package", url=URL, out=folder, stdout=out, **options)
    return out.getvalue()


def test_address_and_key_are_filled_in_and_no_blank_is_left(tmp_path: Path, db: None) -> None:
    connection = Connection.objects.create(company=make_company())
    written(tmp_path / "package", connection=connection.key)
    files = [path for path in (tmp_path / "package").rglob("*") if path.is_file()]
    texts = {path.name: path.read_text() for path in files}
    assert not [name for name, text in texts.items() if "{{" in text]
    assert f"{URL}/embed/{connection.key}/" in texts["Scoreline.ecaCanvas-meta.xml"]
    assert f"{URL}/salesforce/callback/" in texts["Scoreline.ecaGlblOauth-meta.xml"]


def test_every_file_of_metadata_is_xml_of_salesforces_own(tmp_path: Path, db: None) -> None:
    written(tmp_path / "package")
    files = list((tmp_path / "package").rglob("*.xml"))
    assert len(files) == 12
    for file in files:
        root = ET.parse(file).getroot()
        assert root.tag.startswith("{http://soap.sforce.com/2006/04/metadata}"), file


def test_without_a_connection_it_says_what_to_replace(tmp_path: Path, db: None) -> None:
    assert "CONNECTION_KEY" in written(tmp_path / "package")


def test_an_unknown_connection_writes_nothing(tmp_path: Path, db: None) -> None:
    with pytest.raises(CommandError, match="no connection"):
        written(tmp_path / "package", connection="nobody's")
    assert not (tmp_path / "package").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, db: None) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(CommandError, match="not an empty folder"):
        written(tmp_path)


@pytest.mark.parametrize("url", ["http://a.example", "https://", "https://a/b", "https://u@a", "a"])
def test_only_an_address_by_https_is_taken(url: str, tmp_path: Path, db: None) -> None:
    with pytest.raises(CommandError, match="must be where"):
        call_command("salesforce_package", url=url, out=tmp_path / "package")
