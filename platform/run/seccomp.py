"""Compile the table of refused system calls to a program for the kernel's filter (classic BPF).
Pure.

A call of another architecture ends the process, because its numbers mean other calls. So does x32
on x86_64.
"""

import functools
import struct
from collections.abc import Iterable, Iterator

from platform.run.syscalls import AARCH64, X86_64, Arg, Rule, numbers, rules

# uname's machine -> (column of the table, AUDIT_ARCH)
_ARCHITECTURES = {"x86_64": (X86_64, 0xC000003E), "aarch64": (AARCH64, 0xC00000B7)}
_X32 = 0x40000000

# Instructions: ld of a word of struct seccomp_data, jumps, and, ret.
_LOAD, _JUMP, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x05, 0x15, 0x35, 0x54, 0x06
_NUMBER, _ARCH = 0, 4  # offsets of the data
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000

_Code = tuple[int, int, int, int]  # opcode, jump if true, jump if false, operand


@functools.cache
def program(machine: str) -> bytes:
    """The filter for `machine` (the name from uname) as an array of struct sock_filter; empty if
    the table does not support the machine."""
    if machine not in _ARCHITECTURES:
        return b""
    column, arch = _ARCHITECTURES[machine]
    return b"".join(struct.pack("=HBBI", *code) for code in _compiled(column, arch))


def _compiled(column: int, arch: int) -> Iterator[_Code]:
    known = numbers(column)
    mine = [rule for rule in rules() if rule.name in known]
    yield _LOAD, 0, 0, _ARCH
    yield _EQUAL, 1, 0, arch
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER
    if column == X86_64:
        yield _AT_LEAST, 0, 1, _X32
        yield _RETURN, 0, 0, _KILL
    for error in sorted({rule.error for rule in mine if not rule.when}):
        yield from _always(
            [known[rule.name] for rule in mine if not rule.when and rule.error == error], error
        )
    for rule in mine:
        if rule.when:
            yield from _sometimes(known[rule.name], rule)
    yield _RETURN, 0, 0, _ALLOW


def _always(found: list[int], error: int) -> Iterator[_Code]:
    """Refuse each of these numbers; the number is loaded."""
    for place, number in enumerate(found):
        yield _EQUAL, len(found) - place, 0, number  # skip the remaining tests and the jump
    yield _JUMP, 0, 0, 1
    yield _RETURN, 0, 0, _ERROR | error


def _sometimes(number: int, rule: Rule) -> list[_Code]:
    """Refuse a number if all tests of the rule are true; otherwise continue after this block."""
    body: list[_Code] = [(_LOAD, 0, 0, _NUMBER), (_EQUAL, 1, 0, number), _BEHIND]
    for arg in rule.when:
        body += _test(arg)
    body.append((_RETURN, 0, 0, _ERROR | rule.error))
    return [
        (*code[:3], len(body) - place - 1) if code is _BEHIND else code
        for place, code in enumerate(body)
    ]


_BEHIND: _Code = (_JUMP, 0, 0, -1)  # filled in when the block's length is known


def _test(arg: Arg) -> Iterable[_Code]:
    """If the test is true, continue with the instruction after these; otherwise jump after the
    block."""
    yield _LOAD, 0, 0, 16 + 8 * arg.index  # the lower half: both architectures are little-endian
    if arg.mask != 0xFFFFFFFF:
        yield _AND, 0, 0, arg.mask
    for place, value in enumerate(arg.values):
        yield _EQUAL, len(arg.values) - place, 0, value  # if equal, skip to two after the last
    if not arg.among:
        yield _JUMP, 0, 0, 1
    yield _BEHIND
