"""A study of waves that arrive night by night, small enough for many nights."""

import hashlib
import shutil

import numpy as np
import polars as pl

from tests.study_texts import analysis, event, factor, study_text

RANKED = {"outcome": "ill", "rank_by": "income"}
STUDY = study_text(
    name="nights",
    seed=3,
    source={"path": "wave_*.parquet", "wave": "wave", "key": ["id"]},
    design={"weight": "weight", "stratum": "stratum", "cluster": "psu"},
    variables={
        "ill": event("ill", well=[0], ill=[1]),
        "income": {"range": [0, 1000]},
        "sex": factor(male=[1], female=[2]),
    },
    sample={"Income known": "income IS NOT NULL"},
    analyses=[
        analysis("rates", waves="each", outcome="ill", rows="sex"),
        analysis("concentration", name="yearly", waves="each", **RANKED, bootstrap={"replicates": 60}),
        analysis(
            "concentration",
            name="trend",
            by="wave",
            **RANKED,
            index=["standard", "erreygers"],
            compare=True,
            bootstrap={"replicates": 60},
        ),
        analysis("concentration", name="pair", waves=["1", "3"], by="wave", **RANKED, compare=True),
    ],
)


def wave(number, n=300):
    """A wave of its own people, without ties to the others."""
    rng = np.random.default_rng(number)
    psu = rng.integers(0, 20, n)
    income = rng.integers(1, 40, n) + psu + number
    return pl.DataFrame(
        {
            "wave": [number] * n,
            "id": np.arange(n) + 1000 * number,
            "income": income.astype(float),
            "ill": (rng.random(n) < 0.5 - income / 200).astype(int),
            "sex": rng.integers(1, 3, n),
            "weight": rng.uniform(0.5, 2.0, n),
            "stratum": psu // 5,
            "psu": psu,
        }
    ).with_columns(income=pl.when(pl.int_range(n) % 20 == 3).then(None).otherwise("income"))


def tree(folder):
    """Every file below a folder with the hash of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def newest(store):
    return max((store / "runs").iterdir(), key=lambda path: int(path.name))


def sha(run):
    return hashlib.sha256((run / "results.parquet").read_bytes()).hexdigest()


def put(night, number, frame=None, name=None):
    path = night.inbox / (name or f"wave_{number}.parquet")
    (wave(number) if frame is None else frame).write_parquet(path)
    return path


def computed(report):
    return [task["task"] for task in report["tasks"] if task["state"] == "computed"]


def single(cli, night):
    """The run directory of one run over the whole inbox."""
    out = night.root / "single"
    shutil.rmtree(out, ignore_errors=True)
    code, _, err = cli("run", "study.toml", "--data", "inbox", "--out", out)
    assert code == 0, err
    return out
