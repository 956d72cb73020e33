# SPDX-License-Identifier: GPL-2.0-only
"""System calls from inside a running process: root stops it with ptrace and lets it make one, with its own rights and filters. x86-64.

The process makes the call itself: seccomp, Landlock, limits and capabilities judge it as if its own code had made it. Afterwards its
registers are as before, or the kernel has killed it.
"""
import ctypes
import os
import platform
import signal

ATTACH, DETACH, GETREGS, SETREGS, SINGLESTEP = 16, 17, 12, 13, 9
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs").split()
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


def possible():
    return platform.machine() == "x86_64" and os.getuid() == 0


def ptrace(request, pid, data=None):
    if libc.ptrace(request, pid, None, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace {request}: {os.strerror(number)}")


def syscall_address(pid):
    """Where the C library of that process holds the instruction `syscall`."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            words = line.split()
            if "x" in words[1] and words[-1].rpartition("/")[2].startswith("libc.so"):
                start, end = (int(word, 16) for word in words[0].split("-"))
                memory.seek(start)
                at = memory.read(end - start).find(b"\x0f\x05")
                if at >= 0:
                    return start + at
    raise RuntimeError("no syscall instruction found")


def call(pid, number, *arguments):
    """What system call `number` answers in process `pid` (negative: the error), or "killed by SIGNAL". An argument may be bytes: its address is given."""
    address = syscall_address(pid)
    ptrace(ATTACH, pid)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSTOPPED(status), status
    before, now = Registers(), Registers()
    ptrace(GETREGS, pid, ctypes.addressof(before))
    ctypes.memmove(ctypes.addressof(now), ctypes.addressof(before), ctypes.sizeof(now))
    room = before.rsp - 8192
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        for name, value in zip(ARGUMENTS, arguments):
            if isinstance(value, bytes):
                memory.seek(room)
                memory.write(value)
                value, room = room, room + (len(value) + 15) // 16 * 16
            setattr(now, name, value % 2**64)
    now.rip, now.rax, now.orig_rax = address, number, 2**64 - 1  # no system call is to be begun again
    ptrace(SETREGS, pid, ctypes.addressof(now))
    ptrace(SINGLESTEP, pid)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    if os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGSYS:
        ptrace(DETACH, pid, signal.SIGSYS)
        return "killed by SIGSYS"
    assert os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGTRAP, status
    ptrace(GETREGS, pid, ctypes.addressof(now))
    result = ctypes.c_longlong(now.rax).value
    ptrace(SETREGS, pid, ctypes.addressof(before))
    ptrace(DETACH, pid)
    return result
