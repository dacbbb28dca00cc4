"""The table of system calls that steps may not make: their purpose, their numbers, and the
conditions.

All other calls are allowed, because a module is ordinary Python with unknown libraries. The refused
calls affect other processes or the kernel, or lead out of the sandbox, or were used to escape other
sandboxes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from errno import ENOSYS, EPERM

X86_64, AARCH64 = 0, 1  # the columns of NUMBERS

# By purpose: name -> (number on x86_64, number on aarch64); None if the call does not exist there.
NUMBERS: Mapping[str, Mapping[str, tuple[int | None, int | None]]] = {
    "other processes": {
        "ptrace": (101, 117),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "process_madvise": (440, 440),
        "kcmp": (312, 272),
        "pidfd_getfd": (438, 438),
    },
    "mounts": {
        "mount": (165, 40),
        "umount2": (166, 39),
        "pivot_root": (155, 41),
        "chroot": (161, 51),
        "move_mount": (429, 429),
        "open_tree": (428, 428),
        "open_tree_attr": (467, 467),
        "fsopen": (430, 430),
        "fsconfig": (431, 431),
        "fsmount": (432, 432),
        "fspick": (433, 433),
        "mount_setattr": (442, 442),
    },
    "namespaces": {"setns": (308, 268)},
    "interfaces that have led into the kernel": {
        "bpf": (321, 280),
        "perf_event_open": (298, 241),
        "userfaultfd": (323, 282),
        "io_uring_setup": (425, 425),
        "io_uring_enter": (426, 426),
        "io_uring_register": (427, 427),
        "memfd_secret": (447, 447),
        "modify_ldt": (154, None),
    },
    "keys of the kernel": {
        "add_key": (248, 217),
        "request_key": (249, 218),
        "keyctl": (250, 219),
    },
    "files without their path": {
        "open_by_handle_at": (304, 265),
        "name_to_handle_at": (303, 264),
        "fanotify_init": (300, 262),
    },
    "the machine": {
        "kexec_load": (246, 104),
        "kexec_file_load": (320, 294),
        "init_module": (175, 105),
        "finit_module": (313, 273),
        "delete_module": (176, 106),
        "reboot": (169, 142),
        "swapon": (167, 224),
        "swapoff": (168, 225),
        "acct": (163, 89),
        "syslog": (103, 116),
        "quotactl": (179, 60),
        "quotactl_fd": (443, 443),
        "clock_settime": (227, 112),
        "settimeofday": (164, 170),
        "clock_adjtime": (305, 266),
        "sethostname": (170, 161),
        "setdomainname": (171, 162),
        "vhangup": (153, 58),
        "iopl": (172, None),
        "ioperm": (173, None),
    },
    "what the kernel itself has given up": {
        "lookup_dcookie": (212, 18),
        "nfsservctl": (180, 42),
        "uselib": (134, None),
        "_sysctl": (156, None),
        "sysfs": (139, None),
        "ustat": (136, None),
    },
    "refused by their arguments": {
        "clone3": (435, 435),
        "clone": (56, 220),
        "unshare": (272, 97),
        "socket": (41, 198),
        "socketpair": (53, 199),
        "ioctl": (16, 29),
        "personality": (135, 92),
        "mknod": (133, None),
        "mknodat": (259, 33),
    },
}


@dataclass(frozen=True, slots=True)
class Arg:
    """A test of an argument's lower 32 bits, the only ones that the kernel reads of these
    arguments.
    The masked value must be one of `values`; with `among=False`, none of them."""

    index: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF
    among: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """A call is refused with `error` if all tests in `when` are true. Without tests, it is always
    refused."""

    name: str
    when: tuple[Arg, ...] = ()
    error: int = EPERM


# clone(2), unshare(2): a namespace of any kind. In a new user namespace, a process has all
# capabilities again.
_NEW_TIME = 0x80  # for unshare; the same bits are the signal of clone
_NEW_ANY = 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x20000
# socket(2)
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_RAW, _PACKET_TYPE, _TYPE = 3, 10, 0xF
_ROUTE = 0  # the only netlink protocol needed to resolve host names
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # simulate input of a terminal's user
_PERSONALITIES = (0, 0xFFFFFFFF)  # the usual personality, and a query
_CHAR, _BLOCK, _KIND_OF_FILE = 0o020000, 0o060000, 0o170000

BY_ARGUMENTS = (
    Rule(
        "clone3", error=ENOSYS
    ),  # its flags are in memory, which filters cannot read; the C library falls back to clone
    Rule("clone", (Arg(0, (0,), _NEW_ANY, among=False),)),
    Rule("unshare", (Arg(0, (0,), _NEW_ANY | _NEW_TIME, among=False),)),
    Rule(
        "socket", (Arg(0, (_UNIX, _INET, _INET6, _NETLINK), among=False),)
    ),  # vsock, packet, alg, ...
    Rule("socket", (Arg(0, (_NETLINK,)), Arg(2, (_ROUTE,), among=False))),
    Rule("socket", (Arg(0, (_INET, _INET6)), Arg(1, (_RAW, _PACKET_TYPE), _TYPE))),
    Rule("socketpair", (Arg(0, (_UNIX,), among=False),)),
    Rule("ioctl", (Arg(1, (_TIOCSTI, _TIOCLINUX)),)),
    Rule("personality", (Arg(0, _PERSONALITIES, among=False),)),
    Rule("mknod", (Arg(1, (_CHAR, _BLOCK), _KIND_OF_FILE),)),
    Rule("mknodat", (Arg(2, (_CHAR, _BLOCK), _KIND_OF_FILE),)),
)


def rules() -> tuple[Rule, ...]:
    """The whole list; calls that are always refused come first."""
    by_arguments = {rule.name for rule in BY_ARGUMENTS}
    always = (name for calls in NUMBERS.values() for name in calls if name not in by_arguments)
    return (*map(Rule, always), *BY_ARGUMENTS)


def numbers(column: int) -> dict[str, int]:
    """The numbers of one architecture by name."""
    found = {name: pair[column] for calls in NUMBERS.values() for name, pair in calls.items()}
    return {name: number for name, number in found.items() if number is not None}
