from pathlib import Path

import pytest

from integrations.demo.folder import DemoFolder, opened, write_privately


def test_the_secrets_stay_the_same_until_reset(tmp_path: Path) -> None:
    first = DemoFolder(tmp_path).secrets()
    assert DemoFolder(tmp_path).secrets() == first
    DemoFolder(tmp_path).reset()
    assert set(DemoFolder(tmp_path).secrets().values()).isdisjoint(first.values())


def test_a_reset_leaves_files_that_are_not_the_demos(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    folder = DemoFolder(tmp_path)
    folder.secrets()
    folder.write_environment({"NAME": "value"})
    folder.reset()
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_is_free_again_after_its_demo(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as first:
        pass
    with opened(tmp_path / "home") as second:
        assert second.path == first.path


def test_a_file_that_could_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    write_privately(file, "whole")
    with pytest.raises(UnicodeEncodeError):
        write_privately(file, "half \udcff")
    assert file.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [file]


def test_what_somebody_left_who_was_killed_while_writing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".ready.json.unfinished").write_text("ha")
    write_privately(tmp_path / "ready.json", "whole")
    assert [file.name for file in tmp_path.iterdir()] == ["ready.json"]
