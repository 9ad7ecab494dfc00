"""Commands in a process without a network, without a home, and with 64 open files at most."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from typer.main import get_command

from tests.functional.nights import wave
from tests.study_texts import analysis, event, factor, study_text

# What a process runs after this guard: commands, each with its exit code; then what was seen of sockets.
PROGRAM = """
import json, os, resource, socket, sys

seen, codes = [], []
NETWORK = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
HERE = ("('::1', 0)", "('127.0.0.1', 0)")  # urllib3 asks the system in this way whether it knows IPv6


def guard(event, arguments):
    if event in NETWORK and not (event == "socket.bind" and repr(arguments[1]) in HERE):
        seen.append([event, repr(arguments[1:])])


sys.addaudithook(guard)
try:
    socket.create_connection(("192.0.2.1", 80), timeout=0.2)
except OSError:
    pass
here = len(seen)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from engine.cli import main
from engine.data.readers import kept_readers

with kept_readers():  # one process reads the files of all commands: each takes a second to start
    for command in json.load(sys.stdin):
        sys.argv = ["equirank", *command]
        try:
            main()
            codes.append(0)
        except SystemExit as stop:
            codes.append(stop.code or 0)
print("FOUND", json.dumps({"guarded": here, "seen": seen[here:], "codes": codes}))
"""
SHORT = [  # in every run of the tests
    "run study.toml --data inbox --out run --no-report",
    "verify run --data inbox",
    "refresh study.toml --inbox inbox --store store",
]
LONG = [
    *SHORT,
    "check study.toml --data inbox",
    "codebook inbox/wave_1.parquet",
    "tables run --to md --out tables",
    "studies",
    "schema",
    "plan study.toml",
    "init inbox/wave_1.parquet",
    "import analysis.do",
    "audit wang2021",
    "advise",
    "simulate cmds --out panel.parquet --rows 300",
    "show run",
    "report run",
    "release run --out told --threshold 2",
    "heat run --out heat.csv --setting Here --iso3 AFG --date 2014 --favourable none",
    "weights study.toml --data inbox --out weights.csv --replicates 40",
    "cells study.toml --data inbox --out site.cells --only rates --least 1",
    "run study.toml --data inbox --shard 1/1 --out share",
    "merge share --out merged",
    "status --store store",
    "history rates rate --store store",
    "site store --out site",
    "diff store run",
    "repair --store store",
    "key signing.pem",
    "sign run --key signing.pem",
    "crate run",
]
LEFT_OUT = {
    "bench": "takes a minute; it has no other way to files than `run`",
    "validate": "takes a minute; it reads no file",
    "warm": "compiles for minutes; it reads no file",
    "rollback": "needs two runs; it moves what `refresh` wrote",
}
FEW = study_text(
    name="nights",
    source={"path": "wave_*.parquet", "wave": "wave"},
    design={"weight": "weight", "stratum": "stratum", "cluster": "psu"},
    variables={"ill": event("ill", well=[0], ill=[1]), "sex": factor(male=[1], female=[2])},
    analyses=[analysis("rates", outcome="ill", rows="sex", by="wave")],
)


def without_network(command):
    """Return a command in a network of its own that leads nowhere, where the system allows it."""
    unshare = shutil.which("unshare")
    alone = [unshare, "--map-root-user", "--net"] if unshare else []
    if alone and subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0:  # noqa: S603
        return [*alone, *command]
    return command  # then the guard of the process alone says whether somebody asked


@pytest.mark.parametrize(
    "commands", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_commands__need_no_network(tmp_path, commands):
    (tmp_path / "inbox").mkdir()
    for folder in (tmp_path, tmp_path / "inbox"):
        wave(1).write_parquet(folder / "wave_1.parquet")
    (tmp_path / "study.toml").write_text(FEW)
    (tmp_path / "analysis.do").write_text("use wave.dta, clear\nlogit ill i.sex\n")
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}
    done = subprocess.run(  # noqa: S603
        without_network([sys.executable, "-W", "ignore", "-c", PROGRAM]),
        input=json.dumps([command.split() for command in commands]),
        env={**environment, "EQUIRANK_CACHE": str(tmp_path / "cache")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "FOUND" in done.stdout, done.stderr
    told = json.loads(done.stdout.rpartition("FOUND")[2])
    assert told["guarded"], "the guard sees nothing"
    assert told["seen"] == []
    codes = dict(zip(commands, told["codes"], strict=True))
    assert {command: code for command, code in codes.items() if code} == {}, done.stderr


def test_commands__are_all_tried_or_left_out_with_a_reason():
    from engine.cli import draft_commands, night_commands, store_commands, trust_commands  # noqa: F401
    from engine.cli.app import app

    tried = {command.split()[0] for command in LONG}
    assert tried.isdisjoint(LEFT_OUT)
    assert tried | set(LEFT_OUT) == set(get_command(app).commands)
