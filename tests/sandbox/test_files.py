"""Files are written in one step."""

from pathlib import Path

import pytest

from mock_clover.sandbox.files import write_atomically


@pytest.mark.parametrize("keep_existing", [False, True])
def test_a_new_file_is_written_and_nothing_else_is_left(
    tmp_path: Path, keep_existing: bool
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"new", 0o600, keep_existing=keep_existing)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"new")]
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_kept_if_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_atomically(path, b"new", keep_existing=True)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"old")]
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
