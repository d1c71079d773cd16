"""The child's end of the sandbox: a script that runs one function after another and sends back the outcome.

It is started by its path, not as a module, so that it imports nothing but a few parts of the standard library
until the first call names what it needs. A message, on standard input and output, is a length and a pickle.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import signal
import struct
import sys
import traceback
from pathlib import Path
from typing import BinaryIO

LENGTH = struct.Struct(">I")
PR_SET_PDEATHSIG = 1
NICENESS = 10
"""Decoding gives way to the event loop that waits for it."""


def main() -> None:
    """Serve calls until standard input ends, which it does when the parent is gone, however it went."""
    calls, answers = _take_pipes()
    try:
        memory_bytes, sys.path[:] = pickle.loads(_receive(calls))
        _limit(memory_bytes)
        while True:
            answer = _run(_receive(calls))
            answers.write(LENGTH.pack(len(answer)) + answer)
            answers.flush()
    except (EOFError, BrokenPipeError):
        return


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes to where no called function can read from them or print into them."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return calls, answers


def _limit(memory_bytes: int) -> None:
    """Bound the memory, leave no core dumps, and end with the parent even in the middle of a call."""
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A service manager may send SIGTERM to all processes at once; the parent still waits for running calls.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICENESS)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        with contextlib.suppress(OSError):  # when memory runs out, the kernel shall take a child, not the bot
            Path("/proc/self/oom_score_adj").write_text("1000")


def _receive(calls: BinaryIO) -> bytes:
    header = calls.read(LENGTH.size)
    if len(header) < LENGTH.size:
        raise EOFError
    return calls.read(LENGTH.unpack(header)[0])


def _run(call: bytes) -> bytes:
    """Call the function; return the pickle of (succeeded, result or exception)."""
    try:
        function, args = pickle.loads(call)
        return pickle.dumps((True, function(*args)))
    except Exception as error:
        error.add_note("In the child process:\n" + "".join(traceback.format_exception(error)))
        try:
            answer = pickle.dumps((False, error))
            pickle.loads(answer)
        except Exception:  # an exception class that cannot be rebuilt from its arguments
            answer = pickle.dumps((False, RuntimeError("".join(traceback.format_exception(error)))))
        return answer


if __name__ == "__main__":
    main()
