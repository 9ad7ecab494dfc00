"""System calls that a process which reads a foreign file never needs: the system refuses them (Linux).

Landlock guards files by their paths, TCP, signals and abstract sockets. It leaves open other connections
(UDP, sockets with a path), modes and owners of files, keys, shared memory and the resources of other
processes of the same user. A seccomp filter closes these. The numbers are those of two processors; on others,
and where a container forbids it, nothing is filtered. No kept package fits: those for Python need libseccomp.
"""

from __future__ import annotations

import ctypes
import errno
import platform
from collections.abc import Iterator, Mapping

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # of the kernel's filter language
ALLOW, ERROR = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE = 0, 4  # bytes of the call's description
OTHER_ABI = 0x40000000  # calls of x86 in its 32-bit form have numbers from here on
Calls = Mapping[str, tuple[int | None, int | None]]
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

FORBIDDEN: Calls = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "io_uring_setup": (425, 425),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "shmget": (29, 194),
    "shmctl": (31, 195),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
    "setpriority": (141, 140),
    "sched_setscheduler": (144, 119),
    "ioprio_set": (251, 30),
}
"""Name -> its number of x86_64 and of aarch64."""
WITHOUT_EFFECT: Calls = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
}
"""The same of calls that seem to succeed: what the process writes has the right mode from its first byte."""


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def forbid_calls() -> bool:
    """Forbid the calls to this thread and to those that it starts; return whether the system could."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        return False
    instructions = [*_filter(machine)]
    array = (_Instruction * len(instructions))(*instructions)
    program = _Program(len(instructions), array)
    control = ctypes.CDLL(None, use_errno=True).prctl
    if control(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(control(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(machine: str) -> Iterator[_Instruction]:
    """Yield the filter: each comparison skips as many instructions as lie before the answer it leads to."""
    refused, seeming = (_numbers(calls, machine) for calls in (FORBIDDEN, WITHOUT_EFFECT))
    tests = len(refused) + len(seeming)
    yield _Instruction(LOAD, 0, 0, ARCHITECTURE)
    yield _Instruction(JUMP_IF_EQUAL, 0, tests + 3, ARCHITECTURES[machine])
    yield _Instruction(LOAD, 0, 0, NUMBER)
    yield _Instruction(JUMP_IF_AT_LEAST, tests + 1, 0, OTHER_ABI)
    for place, number in enumerate(refused):
        yield _Instruction(JUMP_IF_EQUAL, tests - place, 0, number)
    for place, number in enumerate(seeming):
        yield _Instruction(JUMP_IF_EQUAL, len(seeming) - place + 1, 0, number)
    yield _Instruction(RETURN, 0, 0, ALLOW)
    yield _Instruction(RETURN, 0, 0, ERROR | errno.EACCES)
    yield _Instruction(RETURN, 0, 0, ERROR)


def _numbers(calls: Calls, machine: str) -> list[int]:
    column = [*ARCHITECTURES].index(machine)
    return [number for both in calls.values() if (number := both[column]) is not None]
