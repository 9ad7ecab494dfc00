"""What a hostile file might make its reader try; runs in the process that reads files."""

import ctypes
import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LIBRARY = ctypes.CDLL(None, use_errno=True)
PTRACE_DETACH = 17  # of a process that is not traced: no such process, if it may be tried


def tried(action):
    """Return "done" or the name of the error."""
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "done"


def connect(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


def connect_unix(name):
    with socket.socket(socket.AF_UNIX) as own:
        own.connect(name)


def send(port):
    with socket.socket(type=socket.SOCK_DGRAM) as own:
        own.sendto(b"987654", ("127.0.0.1", port))


def system(call, *arguments):
    """Call the C library; EPERM and EACCES become PermissionError."""
    if call(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def replaced(path):
    path.with_name("other").write_text("x")
    path.with_name("other").replace(path)


def attempts(file, secret, port, names, parent):
    """Return what a process may do with its own file, with others, with programs and connections.

    `names` are the sockets of a folder and of no folder on which somebody listens.
    """
    path, other = file.path, Path(secret)
    every = {
        "read its file": path.read_bytes,
        "read another wave": path.with_name("another.csv").read_bytes,
        "list its folder": lambda: [*path.parent.iterdir()],
        "read a file elsewhere": other.read_bytes,
        "list a folder elsewhere": lambda: [*other.parent.iterdir()],
        "read accounts": Path("/etc/passwd").read_bytes,
        "read the environment of its parent": Path(f"/proc/{parent}/environ").read_bytes,
        "change its file": lambda: path.open("ab").close(),
        "cut its file": lambda: os.truncate(path, 0),
        "replace its file": lambda: replaced(path),
        "write beside its file": lambda: path.with_name("new.txt").write_text("x"),
        "write elsewhere": lambda: other.with_name("new.txt").write_text("x"),
        "write where others keep temporary files": lambda: (
            other.with_name("tmp").joinpath("x").write_text("x")
        ),
        "link its file": lambda: os.link(path, Path(os.environ["TMPDIR"]) / "link"),
        "start a program": lambda: subprocess.run(["/bin/true"], check=True),
        "connect": lambda: connect(port),
        "send": lambda: send(port),
        "connect to a socket with a path": lambda: connect_unix(names[0]),
        "connect to a socket without a path": lambda: connect_unix("\0" + names[1]),
        "signal its parent": lambda: os.kill(parent, 0),
        "trace its parent": lambda: system(LIBRARY.ptrace, PTRACE_DETACH, parent, 0, 0),
        "remove its file": path.unlink,
        "make a pipe with a name": lambda: os.mkfifo(Path(os.environ["TMPDIR"]) / "pipe"),
    }
    path.chmod(0o666)  # seems to succeed
    os.utime(path, (0, 0))
    found = {name: tried(action) for name, action in every.items()}
    with ThreadPoolExecutor(1) as pool:
        found["read elsewhere in a thread"] = pool.submit(tried, every["read a file elsewhere"]).result()
    return found


class Call:
    """A value whose unpickling calls a function."""

    def __init__(self, function, *arguments):
        self.made = (function, arguments)

    def __reduce__(self):
        return self.made


def hostile_value(_file, marker):
    """Return what would write a file where it is unpickled."""
    return Call(Path.write_text, Path(marker), "x")


def killed(_file, number):
    """Die of a signal, as of a damaged file."""
    os.kill(os.getpid(), number)


def hostile_part(request):
    """Answer about a part, after trying to change others and to answer in the name of the process."""
    others = Path(request["others"])
    actions = {
        "read another part": (others / "part.json").read_text,
        "change another part": lambda: (others / "part.json").write_text("x"),
        "remove another part": lambda: others.rename(others.with_name("gone")),
        "make another part": lambda: others.with_name("new").mkdir(),
        "answer for the process": lambda: os.write(request["pipe"], b"x"),
        "read its own part": lambda: [*Path(request["home"]).iterdir()],
        "write its own part": lambda: (Path(request["home"]) / "x").write_text("x"),
    }
    found = {name: tried(action) for name, action in actions.items()}
    return {**request["says"], "found": found}
