"""What a hostile file might make its reader try; runs in the process that reads files."""

import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


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


def attempts(file, secret, port, parent):
    """Return what a process may do with its own file, with others, with programs and connections."""
    beside = file.path.with_name("new.txt")
    every = {
        "read its file": lambda: file.path.read_bytes(),
        "read a file elsewhere": lambda: Path(secret).read_bytes(),
        "list a folder elsewhere": lambda: [*Path(secret).parent.iterdir()],
        "read the environment of its parent": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "change its file": lambda: file.path.open("ab").close(),
        "write beside its file": lambda: beside.write_text("x"),
        "write elsewhere": lambda: Path(secret).with_name("new.txt").write_text("x"),
        "remove its file": lambda: file.path.unlink(),
        "start a program": lambda: subprocess.run(["/bin/true"], check=True),
        "connect": lambda: connect(port),
        "signal its parent": lambda: os.kill(parent, 0),
    }
    found = {name: tried(action) for name, action in every.items()}
    with ThreadPoolExecutor(1) as pool:
        found["read elsewhere in a thread"] = pool.submit(tried, every["read a file elsewhere"]).result()
    return found
