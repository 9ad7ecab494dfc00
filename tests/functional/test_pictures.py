"""Figures of a run from the command line: files, texts, and the errors where none can be drawn."""

import sys

import pytest

pytestmark = pytest.mark.usefixtures("whole_reports")


@pytest.fixture(scope="module")
def clds_run(tmp_path_factory):
    from engine.batch.run import run

    return run("clds", out=tmp_path_factory.mktemp("pictures") / "run", replicates=0).path


def test_show__writes_the_figures_of_a_run(cli, clds_run, tmp_path):
    pytest.importorskip("vl_convert")
    code, out, _ = cli("show", str(clds_run), "--plots", str(tmp_path / "pics"))
    assert code == 0
    names = {path.name for path in (tmp_path / "pics").iterdir()}
    assert {
        "flow.svg",
        "equiplot-outpatient-by-fifth-outpatient-income_group.svg",
        "curve-curves-outpatient.svg",
        "index-outpatient-index-outpatient.svg",
        "contributions-outpatient-decomposition.svg",
        "forest-outpatient-full.svg",
        "effects-outpatient-full-community.svg",
        "effects-outpatient-full-city.svg",
    } <= names
    assert len(out.splitlines()) == len(names)
    flow = (tmp_path / "pics" / "flow.svg").read_text()
    for text in ("21,086", "(−533)", "3,322", "Key answers given", "SIMULATED"):
        assert text in flow


def test_show__writes_other_formats_and_refuses_unknown_ones(cli, clds_run, tmp_path):
    pytest.importorskip("vl_convert")
    code, _, err = cli("show", str(clds_run), "--plots", str(tmp_path / "pics"), "--to", "png,gif")
    assert code == 2
    assert "found the format 'gif'; expected one of svg, png, pdf" in err
    assert not (tmp_path / "pics").exists()


def test_missing_vl_convert__names_the_remedy(cli, clds_run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    code, _, err = cli("show", str(clds_run), "--plots", str(tmp_path / "pics"))
    assert code == 2
    assert "pip install 'vl-convert-python<2'" in err
    assert not (tmp_path / "pics").exists()


def test_unwritable_folder__is_a_usage_error(cli, clds_run, tmp_path):
    pytest.importorskip("vl_convert")
    (tmp_path / "file").write_text("")
    code, _, err = cli("show", str(clds_run), "--plots", str(tmp_path / "file"))
    assert code == 2
    assert "expected a folder you may write to" in err
