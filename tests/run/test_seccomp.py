"""The filter refuses what the table says and nothing else: held against libseccomp, then tried by a
module."""

import errno
import os
import random
import struct
import tempfile
from pathlib import Path

import pytest

from platform.run import seccomp, syscalls
from platform.run.machine import this_machine
from tests.run.conftest import needs_bwrap

libseccomp = pytest.importorskip("pyseccomp")
ARCHES = {
    "x86_64": (libseccomp.Arch.X86_64, 0xC000003E, syscalls.X86_64),
    "aarch64": (libseccomp.Arch.AARCH64, 0xC00000B7, syscalls.AARCH64),
}
YOUNGER = {"open_tree_attr"}  # than the libseccomp of many systems
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
NEW = (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)

needs_filter = pytest.mark.skipif(
    not this_machine().filter, reason=this_machine().unfiltered or "there is a filter"
)


def run(program: bytes, number: int, arch: int, args: tuple[int, ...] = ()) -> int:
    """What the kernel would do: an interpreter of the few instructions that filters are made of."""
    data = struct.pack("<iIQ6Q", number, arch, 0, *args, *[0] * (6 - len(args)))
    code = list(struct.iter_unpack("=HBBI", program))
    at, value = 0, 0
    while True:
        operation, true, false, operand = code[at]
        at += 1
        match operation:
            case 0x20:
                (value,) = struct.unpack_from("<I", data, operand)
            case 0x54:
                value &= operand
            case 0x05:
                at += operand
            case 0x06:
                return operand
            case 0x15 | 0x25 | 0x35 | 0x45:
                holds = {
                    0x15: value == operand,
                    0x25: value > operand,
                    0x35: value >= operand,
                    0x45: bool(value & operand),
                }[operation]
                at += true if holds else false
            case _:
                raise AssertionError(f"no such instruction: {operation:#x}")


def reference(name: str) -> bytes:
    """The same rules, said to libseccomp by hand."""
    arch, _, _ = ARCHES[name]
    lib, arg = libseccomp, libseccomp.Arg
    rules = lib.SyscallFilter(lib.ALLOW)
    if lib.system_arch() != arch:
        rules.remove_arch(lib.system_arch())
        rules.add_arch(arch)
    rules.set_attr(lib.Attr.ACT_BADARCH, lib.KILL_PROCESS)
    refuse = lib.ERRNO(errno.EPERM)

    def add(call: str, *args: object, action: object = refuse) -> None:
        if lib.resolve_syscall(arch, call) >= 0:
            rules.add_rule(action, call, *args)

    conditional = {rule.name for rule in syscalls.BY_ARGUMENTS}
    for calls in syscalls.NUMBERS.values():
        for call in calls:
            if call not in conditional | YOUNGER:
                add(call)
    add("clone3", action=lib.ERRNO(errno.ENOSYS))
    for flag in NEW:
        add("clone", arg(0, lib.MASKED_EQ, flag, flag))
        add("unshare", arg(0, lib.MASKED_EQ, flag, flag))
    add("unshare", arg(0, lib.MASKED_EQ, 0x80, 0x80))
    for family in range(17):
        if family not in (1, 2, 10, 16):
            add("socket", arg(0, lib.EQ, family))
        if family != 1:
            add("socketpair", arg(0, lib.EQ, family))
    add("socket", arg(0, lib.GT, 16))
    add("socketpair", arg(0, lib.GT, 16))
    add("socket", arg(0, lib.EQ, 16), arg(2, lib.NE, 0))
    for family in (2, 10):
        for kind in (3, 10):
            add("socket", arg(0, lib.EQ, family), arg(1, lib.MASKED_EQ, 0xF, kind))
    for request in (0x5412, 0x541C):
        add("ioctl", arg(1, lib.EQ, request))
    for kind in (0o020000, 0o060000):
        add("mknod", arg(1, lib.MASKED_EQ, 0o170000, kind))
        add("mknodat", arg(2, lib.MASKED_EQ, 0o170000, kind))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


@pytest.mark.parametrize("name", ARCHES)
def test_the_numbers_are_those_that_libseccomp_knows(name):
    arch, _, column = ARCHES[name]
    for calls in syscalls.NUMBERS.values():
        for call, pair in calls.items():
            known = libseccomp.resolve_syscall(arch, call)
            if call in YOUNGER and known < 0:
                continue
            assert pair[column] == (known if known >= 0 else None), call


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHES)
def test_it_decides_like_libseccomp(name):
    _, arch, column = ARCHES[name]
    mine, theirs = seccomp.program(name), reference(name)
    numbers = syscalls.numbers(column)
    dice = random.Random(11)
    interesting = [
        0,
        1,
        2,
        3,
        9,
        10,
        11,
        16,
        17,
        38,
        40,
        44,
        0x5412,
        0x541C,
        0x5413,
        0x80,
        0x20000,
        0x10000000,
        0x7E020000,
        0x01200011,
        0x003D0F00,
        0o060644,
        0o020644,
        0o010644,
        0o100644,
        0x80003,
        0x80801,
        0x8000A,
    ]
    calls = [
        *(number for number in range(480) if number not in (numbers["personality"], 467)),
        1000,
    ]
    for number in calls:
        tries = 400 if number in numbers.values() else 3
        for _ in range(tries):
            args = tuple(dice.choice(interesting) for _ in range(3))
            assert run(mine, number, arch, args) == run(theirs, number, arch, args), (number, args)
    for other in (0x40000003, 0xC000003E ^ arch, 0):
        assert run(mine, numbers["ptrace"], other) == KILL == run(theirs, numbers["ptrace"], other)


@pytest.mark.parametrize("name", ARCHES)
def test_what_libseccomp_cannot_be_told_in_one_rule(name):
    _, arch, column = ARCHES[name]
    program, numbers = seccomp.program(name), syscalls.numbers(column)
    asked = {
        value: run(program, numbers["personality"], arch, (value,))
        for value in (0, 0xFFFFFFFF, 8, 0x40000, 1)
    }
    assert asked == {0: ALLOW, 0xFFFFFFFF: ALLOW, 8: ERROR | 1, 0x40000: ERROR | 1, 1: ERROR | 1}
    assert run(program, numbers["open_tree_attr"], arch) == ERROR | errno.EPERM
    # The kernel reads 32 bits of these; what stands above them hides nothing.
    assert run(program, numbers["socket"], arch, (1 << 32 | 40, 1, 0)) == ERROR | errno.EPERM
    assert run(program, numbers["clone"], arch, (1 << 32 | 0x10000000,)) == ERROR | errno.EPERM


def test_x32_is_killed():
    for number in (0x40000000, 0x40000000 | 101, 0x40000000 | 521):
        assert run(seccomp.program("x86_64"), number, 0xC000003E) == KILL


def test_an_architecture_without_a_table_has_no_filter():
    assert seccomp.program("riscv64") == b""


# For real

TRIES = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
got = {}
for name, number, args in params["calls"]:
    ctypes.set_errno(0)
    done = libc.syscall(number, *[ctypes.c_long(arg) for arg in args])
    got[name] = "done" if done >= 0 else errno.errorcode[ctypes.get_errno()]
(out / "text.txt").write_text(repr(got))
return {"status": "COMPLETED"}
"""


def calls() -> list[list[object]]:
    """Each refused call with arguments that would do no harm if it were allowed."""
    column = ARCHES[os.uname().machine][2]
    numbers = syscalls.numbers(column)
    always = [
        [name, number, [-1] * 6]
        for name, number in numbers.items()
        if name not in {rule.name for rule in syscalls.BY_ARGUMENTS}
    ]
    return [
        *always,
        *(
            [name, numbers[call], args]
            for name, call, args in [
                ("clone3", "clone3", [0, 0]),
                ("new user namespace", "unshare", [0x10000000]),
                ("new mount namespace", "unshare", [0x20000]),
                ("clone into a user namespace", "clone", [0x10000011, 0, 0, 0, 0]),
                ("vsock", "socket", [40, 1, 0]),
                ("packet", "socket", [17, 3, 0]),
                ("alg", "socket", [38, 5, 0]),
                ("audit", "socket", [16, 3, 9]),
                ("raw", "socket", [2, 3, 1]),
                ("old packet", "socket", [2, 10, 0x300]),
                ("a pair of another family", "socketpair", [30, 1, 0, 0]),
                ("type into a terminal", "ioctl", [0, 0x5412, 0]),
                ("console", "ioctl", [0, 0x541C, 0]),
                ("no random addresses", "personality", [0x40000]),
                ("a device", "mknodat", [-100, 0, 0o020600, 0x103]),
            ]
        ),
    ]


@needs_filter
def test_every_refused_call_is_refused_to_a_module(both):
    tried = calls()
    step = both.step(both.module("tries", TRIES), params={"calls": tried}, bought=True)
    record = both.run(step)
    assert record.completed, record.message
    assert "; system calls are filtered" in record.isolation
    got = eval((both.folder(step) / "outputs" / "text.txt").read_text())
    assert got == {name: "ENOSYS" if name == "clone3" else "EPERM" for name, _, _ in tried}


OLD_CALL = """
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes.fromhex("b814000000cd80c3"))  # getpid of i386
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""
STATUS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(status["Seccomp"].strip(), status["NoNewPrivs"].strip(), libc.ptrace(0, 0, 0, 0), ctypes.get_errno())
"""


@needs_filter
def test_a_program_of_another_architecture_is_killed(both):
    if os.uname().machine != "x86_64":
        pytest.skip("only x86_64 executes the old calls")
    step = both.step(
        both.module(
            "old",
            """
        import subprocess
        code = OLD_CALL
        (out / "text.txt").write_text(str(subprocess.run([sys.executable, "-c", code]).returncode))
        return {"status": "COMPLETED"}
    """.replace("OLD_CALL", repr(OLD_CALL)),
        ),
        bought=True,
    )
    assert both.run(step).completed
    assert (both.folder(step) / "outputs" / "text.txt").read_text() == "-31"  # SIGSYS


ORDINARY = """
import asyncio, concurrent.futures, mmap, multiprocessing, shutil, signal
import socket, sqlite3, subprocess, tempfile, threading
from multiprocessing import shared_memory
from PIL import Image

did = []
threads = [threading.Thread(target=did.append, args=(number,)) for number in range(8)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
assert sorted(did) == list(range(8))
assert subprocess.run(["sh", "-c", "echo tea | cat"], capture_output=True, check=True).stdout == b"tea\\n"
assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, check=True).stdout == b"1\\n"
child = os.fork()
if child == 0:
    os._exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
Image.new("RGB", (9, 9)).save("a.png"), Image.open("a.png").load()
with sqlite3.connect("a.db") as rows:
    rows.execute("pragma journal_mode=wal"), rows.execute("create table t (a)")
    rows.execute("insert into t values (1)")
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]
with concurrent.futures.ThreadPoolExecutor() as pool:
    assert list(pool.map(abs, [-1])) == [1]
memory = shared_memory.SharedMemory(create=True, size=100)
memory.close(), memory.unlink()
with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(dir=folder) as file:
    file.write(b"x"), shutil.disk_usage(folder)
one, two = socket.socketpair()
one.send(b"x"), two.recv(1)
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
socket.getaddrinfo("127.0.0.1", 80), socket.if_nameindex()
async def sleep():
    process = await asyncio.create_subprocess_exec("true")
    return await process.wait()
assert asyncio.run(sleep()) == 0
os.mkfifo("pipe"), os.memfd_create("a"), mmap.mmap(-1, 4096)
os.sched_getaffinity(0), os.getrandom(4), os.eventfd(0), os.pidfd_open(os.getpid())
time.clock_gettime(time.CLOCK_MONOTONIC)
(out / "text.txt").write_text("all of it")
return {"status": "COMPLETED"}
"""


@needs_filter
def test_ordinary_things_still_work(both):
    record = both.run(both.step(both.module("ordinary", ORDINARY), bought=True))
    assert record.completed, record.message + both.log(both.step(both.module("ordinary", ORDINARY)))


@needs_filter
def test_a_child_of_a_module_cannot_take_it_off(both):
    step = both.step(
        both.module(
            "tries",
            """
        import subprocess
        code = STATUS
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        (out / "text.txt").write_text(told)
        return {"status": "COMPLETED"}
    """.replace("STATUS", repr(STATUS), 1),
        ),
        bought=True,
    )
    assert both.run(step).completed
    assert (both.folder(step) / "outputs" / "text.txt").read_text() == "2 1 -1 1\n"


def test_without_it_the_record_says_so(both, monkeypatch):
    from dataclasses import replace

    from platform.run import machine
    from platform.run.executors import local

    bare = replace(this_machine(), filter=b"", unfiltered="this kernel has no seccomp filters")
    for place in (machine, local):
        monkeypatch.setattr(place, "this_machine", lambda: bare)
    record = both.run(both.step(both.module("say", 'return {"status": "COMPLETED"}')))
    assert record.completed
    assert (
        "; system calls are not filtered (this kernel has no seccomp filters)" in record.isolation
    )


@needs_bwrap
def test_a_filter_that_the_kernel_refuses_lets_nothing_run(house, monkeypatch):
    from dataclasses import replace

    from platform.model.run import Status
    from platform.run import machine
    from platform.run.executors import local

    for sandbox in ("process", "bubblewrap"):
        wrong = replace(
            this_machine(), filter=struct.pack("=HBBI", 0x05, 0, 0, 99)
        )  # jumps out of itself
        for place in (machine, local):
            monkeypatch.setattr(place, "this_machine", lambda wrong=wrong: wrong)
        house.profile = replace(house.profile, sandbox=sandbox)
        mark = Path(house.root.parent / "mark")
        record = house.run(
            house.step(
                house.module("say", f'open({str(mark)!r}, "w")\nreturn {{"status": "COMPLETED"}}')
            )
        )
        assert (record.status, record.reason) == (Status.FAILED, "internal_error")
        assert not mark.exists()
