"""A small study and its survey in every format."""

from __future__ import annotations

import polars as pl
import pyreadstat
import pytest

from tests.study_texts import analysis, event, factor, study_text

STUDY = study_text(
    seed=5,
    source={"path": "survey.parquet", "wave": "wave"},
    design={"weight": "weight", "stratum": "stratum", "cluster": "psu"},
    variables={
        "ill": event("ill", well=[0], ill=[1]),
        "income": {},
        "sex": {"from": "SEX", **factor(male=[1], female=["2"])},
    },
    sample={"Income known": "income IS NOT NULL"},
    analyses=[
        analysis("describe", name="people", by="wave"),
        analysis("rates", outcome="ill", rows="sex", by="wave"),
        analysis(
            "concentration",
            name="inequality",
            outcome="ill",
            rank_by="income",
            by=["wave", "sex"],
            index=["standard", "erreygers"],
            compare=True,
            bootstrap={"replicates": 100},
        ),
        analysis("curve", outcome="ill", rank_by="income", by="wave"),
    ],
)


def write_survey(frame: pl.DataFrame, path):
    """Write a frame in the format of the name."""
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        frame.write_csv(path)
    else:
        writer = pyreadstat.write_dta if path.suffix == ".dta" else pyreadstat.write_sav
        labels = {"sex": {1: "male", 2: "2"}}
        writer(frame, path, variable_value_labels=labels)


@pytest.fixture
def project(tmp_path, tmp_path_factory, survey, monkeypatch):
    """A folder with the study and its survey, as the working directory."""
    write_survey(survey, tmp_path / "survey.parquet")
    (tmp_path / "study.toml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EQUIRANK_CACHE", str(tmp_path_factory.mktemp("cache")))
    return tmp_path


@pytest.fixture
def changed(project, survey):
    """Change the study (old, new) or the survey (expressions); returns the study's path."""

    def change(*replacements, frame=None, source="survey.parquet"):
        text = STUDY.replace("survey.parquet", source)
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        if frame is not None:
            (project / "survey.parquet").unlink(missing_ok=True)
            write_survey(frame, project / source)
        (project / "study.toml").write_text(text)
        return project / "study.toml"

    return change
