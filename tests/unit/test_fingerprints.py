"""A file that cannot have changed is not read again; one that may have changed is."""

import pytest

from engine.data.source_file import SourceFile, content_hash
from engine.nights.inbox import SETTLED, InboxFile, fingerprint, is_unchanged
from engine.store.ledger import FileEntry

LOOKED = 10**18


def entry(stamp):
    return FileEntry(
        file="wave",
        sha256="of the ledger",
        state="accepted",
        reading_key="",
        stamp=stamp,
        looked_at=LOOKED,
        version=None,
    )


@pytest.mark.parametrize(
    ("before", "is_read"), [(SETTLED + 1.0, False), (SETTLED, True), (SETTLED - 1.0, True), (-1.0, True)]
)
def test_file__is_read_again_if_it_changed_just_before_the_last_look(tmp_path, before, is_read):
    path = tmp_path / "wave"
    path.write_bytes(b"some rows")
    changed = int(LOOKED - before * 1e9)
    file = InboxFile(name="wave", source=SourceFile(path=path), stamp=((9, changed - 5, changed, 7),))
    known = entry([list(one) for one in file.stamp])
    right = content_hash((path,))
    assert fingerprint(file, known) == (right if is_read else "of the ledger")
    assert fingerprint(file, None) == right
    assert fingerprint(file, entry([[8, 1, 1, 7]])) == right
    path.unlink()
    assert fingerprint(file, None) is None


def test_file_that_has_gone__is_not_as_it_was(tmp_path):
    path = tmp_path / "wave"
    path.write_bytes(b"some rows")
    found = path.stat()
    stamp = ((found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino),)
    file = InboxFile(name="wave", source=SourceFile(path=path), stamp=stamp)
    assert is_unchanged(file)
    path.write_bytes(b"more rows")
    assert not is_unchanged(file)
    path.unlink()
    assert not is_unchanged(file)
