"""Where the system lets a process take too little memory, a command says so before a library ends it."""

import resource
import subprocess
import sys

import pytest

from engine import memory_limits
from engine.cli.memory import refuse_command
from engine.errors import NoMemoryError

COMMAND = "from engine.cli import main; main()"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep other limits")
@pytest.mark.parametrize(
    ("arguments", "limit", "told"),
    [
        (["check", "cmds"], 300 << 20, "the process may have 0.3 GB of addresses (`ulimit -v`); expected"),
        (["report", "run"], 10**10, "10.0 GB of addresses (`ulimit -v`); expected 70.0 GB for figures"),
    ],
)
def test_command_with_few_addresses__says_how_many_it_needs(arguments, limit, told):
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode == NoMemoryError.exit_code
    (line,) = done.stderr.splitlines()
    assert line.startswith("equirank: memory: ")
    assert told in line
    assert "Raise the limit" in line


@pytest.fixture
def group(tmp_path, monkeypatch):
    """A control group within another, of a process that has all addresses."""
    own = tmp_path / "job.slice" / "task"
    own.mkdir(parents=True)
    (tmp_path / "cgroup").write_text("1:cpu:/x\n0::/job.slice/task\n")
    monkeypatch.setattr(memory_limits, "_CGROUPS", tmp_path)
    monkeypatch.setattr(memory_limits, "_OWN_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(memory_limits, "_most_addresses", lambda: None)
    return own


def test_group_with_too_little_memory__is_told(group):
    (group / "memory.max").write_text("max\n")
    (group.parent / "memory.max").write_text("300000000\n")
    with pytest.raises(NoMemoryError) as error:
        refuse_command(["run", "cmds"])
    assert str(error.value).startswith("memory: the processes here may hold 0.3 GB; expected 0.4 GB or more.")


def test_enough_memory__and_commands_that_need_little__pass(group, monkeypatch):
    (group.parent / "memory.max").write_text("500000000\n")
    refuse_command(["run", "cmds"])
    monkeypatch.setattr(memory_limits, "_most_addresses", lambda: 300 << 20)
    for arguments in ([], ["studies"], ["run", "--help"]):
        refuse_command(arguments)


def test_limit_that_is_just_enough__passes(monkeypatch):
    monkeypatch.setattr(memory_limits, "_most_addresses", lambda: 1_000)
    memory_limits.refuse_few_addresses(1_000, "for a test")
    with pytest.raises(NoMemoryError):
        memory_limits.refuse_few_addresses(1_001, "for a test")
