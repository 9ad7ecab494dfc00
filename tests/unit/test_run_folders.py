"""Folders of runs: what may be replaced, what is written and read back, and who signed it."""

import hashlib
import json
import os
import stat

import polars as pl
import pytest
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.errors import DataError, UsageError
from engine.store import crate, run_directory, signing
from engine.store.older_rows import current_rows, parameters_of
from engine.store.run_directory import current_files, new_run, read_run, write_run
from tests.unit.stores import MANIFEST
from tests.unit.tidy_rows import rows

OF_A_RUN = {name: value for name, value in MANIFEST.items() if name not in ("files", "results_sha256")}
OF_A_RUN |= {"study": {"name": "s", "title": None, "sha256": "h", "asked": {"analysis": []}}}


def written(target, study="s", **changes):
    """A run in its place."""
    with new_run(target, study) as working:
        named = {**OF_A_RUN["study"], "name": study}
        write_run(working, rows({}), {**OF_A_RUN, "study": named, **changes})
    return target


def test_run__is_written_with_its_hash_and_marks_and_read_back(tmp_path):
    run = written(tmp_path / "deep" / "run", simulated=True)
    stored = read_run(run)
    assert stored.path == run
    assert stored.manifest["format"] == "equirank-run-2"
    results = run / "results.parquet"
    assert stored.manifest["results_sha256"] == hashlib.sha256(results.read_bytes()).hexdigest()
    assert stored.scorecard is None
    assert stored.results.select("estimate", "status").row(0) == (0.5, "ok")
    assert set(stored.written_columns) < set(stored.results.columns)
    marks = pl.read_parquet_metadata(results)
    told = {name: marks[name] for name in ("format", "study", "simulated")}
    assert told == {"format": "equirank-run-2", "study": "s", "simulated": "true"}
    assert (run / "manifest.json").read_text().endswith("}\n")
    assert [path.name for path in run.parent.iterdir()] == ["run"]


def test_run_in_its_place__has_the_mode_of_a_new_folder(tmp_path):
    mask = os.umask(0o027)
    try:
        run = written(tmp_path / "run")
        assert stat.S_IMODE(run.stat().st_mode) == 0o750
        assert os.umask(0o027) == 0o027  # it is as it was
    finally:
        os.umask(mask)


def test_run__replaces_only_one_of_the_same_study_with_nothing_beside(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    written(run)  # it was empty
    assert read_run(written(run, seed=2)).manifest["seed"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    for study in ("r", "t"):
        with pytest.raises(UsageError, match=f"only an earlier run of '{study}'. Choose another one."):
            written(run, study)
    for known in (*run_directory.OLDER_FORMATS, run_directory.RUN_FORMAT):
        manifest = json.loads((run / "manifest.json").read_text())
        (run / "manifest.json").write_text(json.dumps({**manifest, "format": known}))
        written(run)
    for unknown in ("equirank-run-0", "equirank-run-3"):
        (run / "manifest.json").write_text(json.dumps({**manifest, "format": unknown}))
        with pytest.raises(UsageError, match="it holds other files"):
            written(run)
    (run / "manifest.json").write_text(json.dumps(manifest))
    (run / "notes.txt").touch()
    with pytest.raises(UsageError, match="it holds other files"):
        written(run)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="it holds other files"):
        written(tmp_path / "file")


def test_run__is_never_written_over_the_folder_one_is_in(tmp_path, monkeypatch):
    run = written(tmp_path / "run")
    (run / "tables").mkdir()
    for inside in (run, run / "tables"):
        monkeypatch.chdir(inside)
        with pytest.raises(UsageError, match="run: is the folder you are in; expected a folder below it"):
            written(run)
    assert read_run(run).manifest["seed"] == 1


def test_failed_run__leaves_what_was_there(tmp_path, monkeypatch):
    run = written(tmp_path / "run")
    before = (run / "manifest.json").read_bytes()
    with pytest.raises(ZeroDivisionError), new_run(run, "s") as working:
        (working / "results.parquet").write_bytes(bytes(1 // 0))
    rename = type(run).rename

    def fails(self, target):
        if ".writing-" in self.name and not self.name.endswith(".earlier") and target.name == "run":
            raise OSError
        return rename(self, target)

    monkeypatch.setattr(type(run), "rename", fails)
    with pytest.raises(UsageError, match=r"cannot be written \(OSError\)"):
        written(run, seed=2)
    assert (run / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("results.parquet", b"no table", r"results.parquet: cannot be read \(ComputeError\)"),
        ("results.parquet", None, r"results.parquet: cannot be read \(FileNotFoundError\)"),
        ("scorecard.parquet", b"no table", r"scorecard.parquet: cannot be read \(ComputeError\)"),
        ("manifest.json", b"{", r"manifest.json: cannot be read \(JSONDecodeError\)"),
        ("manifest.json", b"[]", "manifest.json: it holds no table"),
        ("manifest.json", b'{"files": []}', "manifest.json: it lacks "),
    ],
)
def test_damaged_run__is_refused(tmp_path, name, content, words):
    run = written(tmp_path / "run")
    if content is None:
        (run / name).unlink()
    else:
        (run / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_run(run)


def test_run__of_other_columns_or_format_is_refused(tmp_path):
    run = written(tmp_path / "run")
    manifest = json.loads((run / "manifest.json").read_text())
    for unknown in ("equirank-run-0", "equirank-run-3"):
        (run / "manifest.json").write_text(json.dumps({**manifest, "format": unknown}))
        with pytest.raises(DataError, match="has another format than equirank-run-2 or an older one"):
            read_run(run)
    (run / "manifest.json").write_text(json.dumps(manifest))
    for column in ("analysis", "kind", "measure", "method", "status"):
        rows({}).drop(column).write_parquet(run / "results.parquet")
        with pytest.raises(DataError, match="lacks columns of tidy rows"):
            read_run(run)
    with pytest.raises(UsageError, match="this is no run directory"):
        read_run(tmp_path)


def test_files_for_sql__are_copies_only_of_older_runs(tmp_path):
    older, scratch = written(tmp_path / "older"), tmp_path / "scratch"
    today = written(tmp_path / "today")
    read_run(older).results.write_parquet(today / "results.parquet")
    assert current_files([older, today], scratch) == [
        str(scratch / "older" / "results.parquet"),
        str(today / "results.parquet"),
    ]
    assert pl.read_parquet(scratch / "older" / "results.parquet").equals(read_run(older).results)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"method": "adjusted Wald, F(2, 9)"}, ("adjusted Wald", 2.0, 9.0, None)),
        ({"method": "adjusted Wald, F(1.5, 1e+30)"}, ("adjusted Wald", 1.5, 1e30, None)),
        ({"method": "likelihood ratio, 3 df"}, ("likelihood ratio", 3.0, None, None)),
        (
            {"method": "likelihood ratio, 1 df (conservative)"},
            ("likelihood ratio (conservative)", 1.0, None, None),
        ),
        ({"measure": "extended"}, ("linearised", None, None, 2.5)),
        ({"measure": "atkinson"}, ("linearised", None, None, 2.5)),
        ({"measure": "standard"}, ("linearised", None, None, None)),
        ({"measure": "extended", "analysis": "other"}, ("linearised", None, None, None)),
        ({"measure": "difference", "term": "ge"}, ("linearised", None, None, 2.5)),
        ({"measure": "wald_f", "term": "symmetric"}, ("linearised", None, None, 2.5)),
        ({"measure": "difference", "term": "standard"}, ("linearised", None, None, None)),
        ({"measure": "rif_coefficient"}, ("linearised", None, None, None)),
    ],
)
def test_older_row__has_degrees_of_freedom_and_parameter_of_its_own(row, found):
    brought = current_rows(rows(row), {"rates": 2.5})
    assert brought.select("method", "df1", "df2", "parameter").row(0) == found


def test_older_rif__has_the_parameter_of_its_index():
    brought = current_rows(rows({"measure": "rif_coefficient"}, {"measure": "extended"}), {"rates": 2.5})
    assert brought["parameter"].to_list() == [2.5, 2.5]
    assert current_rows(brought, {}) is brought
    without = brought.drop("mc_error")
    assert current_rows(without, {})["parameter"].to_list() == [2.5, 2.5]
    assert current_rows(without, {})["mc_error"].to_list() == [None, None]


def test_signed_names__are_compared_one_by_one():
    signed = {"a": "1", "b": "2", "c": "3", "d": "5"}
    found = {"a": "1", "c": "4", "e": "5", "d": "4"}
    assert [*signing._changed(signed, found)] == [
        "b is missing",
        "c was changed after the signature",
        "d was changed after the signature",
        "e was added after the signature",
    ]
    assert [*signing._changed(signed, signed)] == []


def test_files_of_a_run__are_digested_but_for_the_signature(tmp_path):
    (tmp_path / "tables").mkdir()
    for name in ("b.csv", "tables/a.csv", "signature.json", "tables/signature.json"):
        (tmp_path / name).write_text(name)
    expected = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("b.csv", "tables/a.csv")}
    name = "tables/signature.json"
    expected[name] = hashlib.sha256(name.encode()).hexdigest()
    assert dict(signing._digests(tmp_path)) == expected
    assert signing._signed_bytes({"b": "2", "a": "1"}) == (
        b'{"files":{"a":"1","b":"2"},"format":"equirank-signature-1"}'
    )


@pytest.mark.parametrize("kind", ["private", "public"])
def test_key__is_one_of_ed25519_without_a_password(tmp_path, kind):
    read = signing._private_key if kind == "private" else signing._public_key
    key, other = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    locked = forms.BestAvailableEncryption(b"word")

    def pem(key, lock=None):
        if kind == "public":
            return key.public_key().public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo)
        return key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, lock or forms.NoEncryption())

    path = tmp_path / "key.pem"
    with pytest.raises(UsageError, match=f"no {kind} key can be read"):
        read(path)
    path.write_bytes(pem(key))
    assert pem(read(path)) == pem(key) if kind == "private" else read(path) == key.public_key()
    for content in (b"no key", pem(other), *([pem(key, locked)] if kind == "private" else [])):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=f"an Ed25519 {kind} key in PEM without password"):
            read(path)


def test_keys__are_two_files_that_are_never_written_over(tmp_path):
    public = signing.make_key(tmp_path / "office.pem")
    assert public == tmp_path / "office.pub.pem"
    assert stat.S_IMODE((tmp_path / "office.pem").stat().st_mode) == 0o600
    private = signing._private_key(tmp_path / "office.pem")
    assert private.public_key() == signing._public_key(public)
    for gone in ("office.pem", "office.pub.pem"):
        (tmp_path / gone).rename(tmp_path / "away")
        with pytest.raises(UsageError, match="the file is there already"):
            signing.make_key(tmp_path / "office.pem")
        assert not (tmp_path / gone).exists()
        (tmp_path / "away").rename(tmp_path / gone)


def test_signature__is_of_these_files_and_this_key(tmp_path):
    run, public = written(tmp_path / "run"), signing.make_key(tmp_path / "a.pem")
    assert signing.signature_faults(run, public) == ("signature.json is missing: the run is not signed",)
    place = signing.sign_run(run, tmp_path / "a.pem")
    assert place == run / "signature.json"
    assert signing.signature_faults(run, public) == ()
    whole = json.loads(place.read_text())
    changed = "signature.json was not made with this key, or was changed"
    assert signing.signature_faults(run, signing.make_key(tmp_path / "b.pem")) == (changed,)
    (run / "notes").touch()
    assert signing.signature_faults(run, public) == ("notes was added after the signature",)
    place.write_text(
        json.dumps({**whole, "files": {**whole["files"], "notes": hashlib.sha256().hexdigest()}})
    )
    assert signing.signature_faults(run, public) == (changed,)
    for format_ in ("equirank-signature-0", "equirank-signature-2"):
        place.write_text(json.dumps({**whole, "format": format_}))
        told = "signature.json has another format than equirank-signature-1"
        assert signing.signature_faults(run, public) == (told,)
    for damaged in ("{", "[]", '{"files": 5}', json.dumps({**whole, "signature": "no base64"})):
        place.write_text(damaged)
        assert signing.signature_faults(run, public) == ("signature.json cannot be read",)


def test_crate__lists_every_file_with_size_and_format(tmp_path):
    (tmp_path / "tables").mkdir()
    for name in ("results.parquet", "tables/a.csv", "tables/notes", "changes.md", "signature.json"):
        (tmp_path / name).write_text(name)
    (tmp_path / "ro-crate-metadata.json").touch()
    told = dict(crate._files(tmp_path))
    assert told == {
        "changes.md": {"name": "changes.md", "contentSize": "10"},
        "results.parquet": {
            "name": "All estimates as tidy rows",
            "contentSize": "15",
            "encodingFormat": "application/vnd.apache.parquet",
        },
        "tables/a.csv": {"name": "A table of the report", "contentSize": "12", "encodingFormat": "text/csv"},
        "tables/notes": {"name": "A table of the report", "contentSize": "12"},
    }


def test_parameters__are_those_that_analyses_state():
    asked = [{"name": "a", "parameter": 3}, {"name": "b"}, {"name": "c", "parameter": None}]
    assert parameters_of(asked) == {"a": 3}
