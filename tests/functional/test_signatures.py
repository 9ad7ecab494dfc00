"""Signatures of runs and their RO-Crate metadata, by the commands."""

import base64
import json
import shutil
import stat
import sys

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.store.run_directory import CRATE, SIGNATURE


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder that keeps the one run of this module."""
    return tmp_path_factory.mktemp("kept") / "run"


@pytest.fixture
def signed(cli, project, kept):
    """A run with its crate, signed; the keys lie beside it."""
    if not kept.exists():
        assert cli("run", "study.toml", "--out", kept, "--no-report")[0] == 0
    shutil.copytree(kept, project / "run")
    assert cli("key", "office.pem")[0] == 0
    assert cli("crate", "run")[0] == 0
    assert cli("sign", "run", "--key", "office.pem")[0] == 0
    return project / "run"


def test_signed_run__holds_on_another_machine(cli, signed, project):
    assert stat.S_IMODE((project / "office.pem").stat().st_mode) == 0o600
    shutil.copytree(signed, project / "elsewhere")
    code, out, _ = cli("verify", "elsewhere", "--public-key", "office.pub.pem")
    assert code == 0
    assert "as it was signed" in out
    assert json.loads((signed / SIGNATURE).read_text())["files"].keys() >= {"results.parquet", CRATE}


def test_signature__can_be_checked_by_other_programs(signed, project):
    """By the words of the page: the list as JSON with sorted keys and no spaces."""
    content = json.loads((signed / SIGNATURE).read_text())
    listed = {"files": content["files"], "format": "equirank-signature-1"}
    text = json.dumps(listed, sort_keys=True, separators=(",", ":")).encode()
    key = load_pem_public_key((project / "office.pub.pem").read_bytes())
    key.verify(base64.b64decode(content["signature"]), text)


def test_every_change__is_named(cli, signed):
    for name in ("results.parquet", "manifest.json", CRATE):
        whole = (signed / name).read_bytes()
        (signed / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        code, out, _ = cli("verify", "run", "--public-key", "office.pub.pem")
        assert code == 13
        assert f"{name} was changed after the signature" in out
        (signed / name).write_bytes(whole)
    (signed / "more.txt").write_text("x")
    (signed / CRATE).unlink()
    code, out, _ = cli("verify", "run", "--public-key", "office.pub.pem", "--json")
    assert code == 13
    assert set(json.loads(out)["faults"]) == {
        "more.txt was added after the signature",
        f"{CRATE} is missing",
    }


def test_forged_list__is_refused(cli, signed):
    content = json.loads((signed / SIGNATURE).read_text())
    content["files"]["results.parquet"] = "0" * 64
    (signed / SIGNATURE).write_text(json.dumps(content))
    code, out, _ = cli("verify", "run", "--public-key", "office.pub.pem")
    assert code == 13
    assert "was not made with this key, or was changed" in out


def test_other_key__is_refused(cli, signed):
    assert cli("key", "thief.pem")[0] == 0
    code, out, _ = cli("verify", "run", "--public-key", "thief.pub.pem")
    assert code == 13
    assert "was not made with this key" in out
    assert cli("key", "thief.pem")[0] == 2
    assert cli("verify", "run", "--public-key", "thief.pem")[0] == 2
    assert cli("sign", "run", "--key", "thief.pub.pem")[0] == 2


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"format": "x", "files": {}, "signature": ""}', '{"files": 3}']
)
def test_damaged_signature__is_told(cli, signed, text):
    (signed / SIGNATURE).write_text(text)
    code, out, _ = cli("verify", "run", "--public-key", "office.pub.pem")
    assert code == 13
    assert SIGNATURE in out


def test_unsigned_run__is_told(cli, signed):
    (signed / SIGNATURE).unlink()
    code, out, _ = cli("verify", "run", "--public-key", "office.pub.pem")
    assert code == 13
    assert "is not signed" in out


def test_signed_run__can_be_replaced_by_a_new_one(cli, signed):
    assert cli("run", "study.toml", "--out", "run", "--no-report")[0] == 0
    assert not (signed / SIGNATURE).exists()


def test_crate__describes_every_file_and_is_read_by_its_library(cli, signed):
    from rocrate.rocrate import ROCrate

    before = (signed / CRATE).read_bytes()
    read = ROCrate(signed)
    manifest = json.loads((signed / "manifest.json").read_text())
    assert read.root_dataset["datePublished"] == manifest["created"]
    assert {file.id for file in read.root_dataset["hasPart"]} == {
        path.relative_to(signed).as_posix()
        for path in signed.rglob("*")
        if path.is_file() and path.name not in (CRATE, SIGNATURE)
    }
    (action,) = [one for one in read.contextual_entities if one.type == "CreateAction"]
    assert [source.id for source in action["object"]] == ["#source-1"]
    assert [source["sha256"] for source in action["object"]] == [one["sha256"] for one in manifest["sources"]]
    assert cli("crate", "run")[0] == 0
    assert (signed / CRATE).read_bytes() == before


@pytest.mark.parametrize(
    ("package", "call"), [("cryptography", ("key", "new.pem")), ("rocrate.rocrate", ("crate", "run"))]
)
def test_missing_library__names_the_extra(cli, signed, monkeypatch, package, call):
    monkeypatch.setitem(sys.modules, package, None)
    code, _, err = cli(*call)
    assert code == 2
    assert "equirank[" in err
