"""Take from a process, for good, all system calls that reach beyond it (Linux, seccomp).

What is denied fails with EPERM. All else is allowed, for libraries and Python call more than anyone
can list. Where the processor or the system is another, nothing is done.
"""

import ctypes
import errno
import os
import struct

# By processor: its number for seccomp, and the numbers of calls as Linux counts them on it.
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_MISSING = -1
# Numbers on x86_64 and on aarch64.
_DENIED = {
    # files
    "open": (2, _MISSING), "creat": (85, _MISSING), "openat": (257, 56), "openat2": (437, 437),
    "open_by_handle_at": (304, 265), "truncate": (76, 45), "unlink": (87, _MISSING),
    "unlinkat": (263, 35), "rename": (82, _MISSING), "renameat": (264, 38), "renameat2": (316, 276),
    "link": (86, _MISSING), "linkat": (265, 37), "symlink": (88, _MISSING), "symlinkat": (266, 36),
    "mkdir": (83, _MISSING), "mkdirat": (258, 34), "rmdir": (84, _MISSING),
    "mknod": (133, _MISSING), "mknodat": (259, 33), "chmod": (90, _MISSING), "fchmodat": (268, 53),
    "chown": (92, _MISSING), "lchown": (94, _MISSING), "fchownat": (260, 54), "chdir": (80, 49),
    "chroot": (161, 51), "mount": (165, 40), "umount2": (166, 39), "memfd_create": (319, 279),
    "pivot_root": (155, 41), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467), "memfd_secret": (447, 447), "name_to_handle_at": (303, 264),
    # what is kept of files beside their content, and word of what happens to them
    "fchmodat2": (452, 452), "utime": (132, _MISSING), "utimes": (235, _MISSING),
    "futimesat": (261, _MISSING), "utimensat": (280, 88), "setxattr": (188, 5),
    "lsetxattr": (189, 6), "removexattr": (197, 14), "lremovexattr": (198, 15),
    "setxattrat": (463, 463), "removexattrat": (466, 466), "inotify_init": (253, _MISSING),
    "inotify_init1": (294, 26), "fanotify_init": (300, 262),
    # networks and other processes' memory and queues
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242), "shmget": (29, 194),
    "shmat": (30, 196), "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189),
    "msgrcv": (70, 188), "msgctl": (71, 187), "semget": (64, 190), "semop": (65, 193),
    "semtimedop": (220, 192), "semctl": (66, 191), "mq_open": (240, 180), "mq_unlink": (241, 181),
    # what lies behind open files: terminals, and who has a signal of a socket
    "ioctl": (16, 29),
    # processes
    "fork": (57, _MISSING), "vfork": (58, _MISSING), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "setns": (308, 268), "unshare": (272, 97),
    "setpriority": (141, 140), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274), "sched_setaffinity": (203, 122), "ioprio_set": (251, 30),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "kcmp": (312, 272),
    "process_madvise": (440, 440), "process_mrelease": (448, 448),
    # the system itself
    "bpf": (321, 280), "perf_event_open": (298, 241), "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "syslog": (103, 116), "acct": (163, 89), "quotactl": (179, 60),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
    "clock_adjtime": (305, 266), "swapon": (167, 224), "swapoff": (168, 225),
    "reboot": (169, 142), "sethostname": (170, 161), "setdomainname": (171, 162),
    "iopl": (172, _MISSING), "ioperm": (173, _MISSING), "init_module": (175, 105),
    "delete_module": (176, 106), "finit_module": (313, 273), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
}  # fmt: skip
_CLONE, _CLONE3, _PRLIMIT, _TGKILL = (56, 220), (435, 435), (302, 261), (234, 131)
_CLONE_THREAD = 0x00010000
_FCNTL, _F_SETOWN, _F_SETOWN_EX = (72, 25), 8, 15
# x86_64 knows further calls by other numbers, from here on.
_OTHER_NUMBERS = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT, _SECOND_ARGUMENT_AT = 0, 4, 16, 24
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def deny_system_calls() -> bool:
    """Deny this process all calls that reach beyond it; return whether it could be done."""
    architecture = _ARCHITECTURES.get(os.uname().machine)
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if architecture is None or prctl is None or os.uname().sysname != "Linux":
        return False
    code = _filter(*architecture)
    program = _Program(len(code) // 8, code)
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return bool(prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(architecture: int, column: int) -> bytes:
    """Write the filter as instructions of Linux' packet filter (8 bytes each)."""
    fail = _instruction(_RETURN, value=_FAIL | errno.EPERM)
    allow = _instruction(_RETURN, value=_ALLOW)
    steps = [
        _instruction(_LOAD, value=_ARCHITECTURE_AT),
        _instruction(_EQUAL, then=1, value=architecture),
        _instruction(_RETURN, value=_KILL),
        _instruction(_LOAD, value=_NUMBER_AT),
        _instruction(_AT_LEAST, otherwise=1, value=_OTHER_NUMBERS),
        fail,
        _instruction(_EQUAL, otherwise=1, value=_CLONE3[column]),
        # So that the C library falls back on `clone`, whose flags can be seen.
        _instruction(_RETURN, value=_FAIL | errno.ENOSYS),
        # A new thread is allowed, a new process is not.
        _instruction(_EQUAL, otherwise=4, value=_CLONE[column]),
        _instruction(_LOAD, value=_FIRST_ARGUMENT_AT),
        _instruction(_ANY_BIT, otherwise=1, value=_CLONE_THREAD),
        allow,
        fail,
        # Whoever is made the owner of an open file can be sent any signal by it.
        _instruction(_EQUAL, otherwise=5, value=_FCNTL[column]),
        _instruction(_LOAD, value=_SECOND_ARGUMENT_AT),
        _instruction(_EQUAL, then=1, value=_F_SETOWN),
        _instruction(_EQUAL, otherwise=1, value=_F_SETOWN_EX),
        fail,
        allow,
    ]
    # Limits of this process, and signals to its threads, as `abort` sends one; but of no other.
    for numbers, itself in ((_PRLIMIT, 0), (_TGKILL, os.getpid())):
        steps += [
            _instruction(_EQUAL, otherwise=4, value=numbers[column]),
            _instruction(_LOAD, value=_FIRST_ARGUMENT_AT),
            _instruction(_EQUAL, otherwise=1, value=itself),
            allow,
            fail,
        ]
    for numbers in _DENIED.values():
        if numbers[column] != _MISSING:
            steps += [_instruction(_EQUAL, otherwise=1, value=numbers[column]), fail]
    return b"".join([*steps, allow])


def _instruction(code: int, *, then: int = 0, otherwise: int = 0, value: int) -> bytes:
    """Return one instruction; `then` and `otherwise` say how many to leap over."""
    return struct.pack("=HBBI", code, then, otherwise, value)
