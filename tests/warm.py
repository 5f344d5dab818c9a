"""Python processes that begin warm: what they would import first was imported once, in a server that forks them.

`command` takes the place of `python -m MODULE` where a test is about what a process does, not about how it starts: what
it gives is a small client that hands its arguments, environment, folder and streams to the server, passes signals on
and ends as the forked process ends. That process has its own streams and usual signals, like one that was started; no
driver, nor pyopencl, was loaded before it came to be. With variables that Python reads as it starts it starts plainly.
Tests of streams that are not there, of imports and of the start have their processes started.
"""

from __future__ import annotations

import array
import io
import json
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import subprocess
    from selectors import BaseSelector

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
PLAIN_LOCALES = ("", "C", "POSIX", "C.UTF-8", "C.utf8")
"""Where Python takes undecodable bytes of its streams as they are."""

HARMLESS = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED")
"""Variables of Python's own that change nothing that a test of these looks at."""

NOT_LOADED = ("vyrectl.devtools", "vyrectl.__main__")
OF_PYOPENCL = (
    "pytools.persistent_dict",
    "pytools.tag",
    "numpy.ma",
    "attrs.validators",
    "sqlite3",
    "siphash24",
)
"""What pyopencl imports before it is there itself, and numpy with a first `unique`."""

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

SERVE = "import sys; sys.path.append(sys.argv[1]); from tests import warm; warm.serve(sys.argv[2])"

_server: list[tuple[subprocess.Popen[bytes], str]] = []


def command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module as `python -m` would, warm."""
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), _address(), module, *arguments]


def write_program(folder: str, name: str, module: str) -> None:
    """Put a program for shells into a folder, which runs a module warm."""
    import shlex

    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {shlex.join(command(module))} "$@"\n')
    os.chmod(path, 0o755)


def stop() -> None:
    """End the server of this process, if there is one."""
    while _server:
        server, _ = _server.pop()
        server.communicate()


def _address() -> str:
    """Where the server of this process listens; it is started by the first who asks, and ends with this process."""
    import subprocess

    if not _server:
        address = f"vyrectl-tests-{os.getpid()}-{os.urandom(8).hex()}"
        server = subprocess.Popen(
            [sys.executable, "-P", "-c", SERVE, ROOT, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        _server.append((server, address))
    return _server[0][1]


# --- the client: the standard library's least ---


def _be_client(address: str, module: str, arguments: list[str]) -> NoReturn:
    if any(name.startswith("PYTHON") and name not in HARMLESS for name in os.environ):
        os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
    call = {
        "module": module,
        "arguments": arguments,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "ignored": [number for number in PASSED_ON if signal.getsignal(number) is signal.SIG_IGN],
    }
    data = json.dumps(call).encode()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(f"\0{address}")
        for number in PASSED_ON:
            if number not in call["ignored"]:
                signal.signal(number, lambda number, _: line.sendall(bytes([number])))
        streams = array.array("i", [0, 1, 2])
        line.sendmsg([len(data).to_bytes(4, "little")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        line.sendall(data)
        for stream in streams:
            os.close(stream)
        status = int(line.makefile().readline() or -signal.SIGKILL)
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


# --- the server ---


def _load() -> None:
    import contextlib
    import importlib
    import pkgutil

    import vyrectl

    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for found in pkgutil.walk_packages(vyrectl.__path__, "vyrectl."):
        if not found.name.startswith(NOT_LOADED):
            with contextlib.suppress(ImportError):
                importlib.import_module(found.name)
    for name in OF_PYOPENCL:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    assert not any(name.partition(".")[0] == "pyopencl" for name in sys.modules)


def serve(address: str) -> None:
    """Fork a process for each who calls, until standard input ends; in those processes, run what was asked for."""
    import gc
    import selectors

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _load()
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as door, selectors.DefaultSelector() as events:
        door.bind(f"\0{address}")
        door.listen(64)
        events.register(door, selectors.EVENT_READ)
        events.register(0, selectors.EVENT_READ)
        os.write(1, b"ready\n")
        call = _listen(door, events)
    if call is not None:
        _become(call)


def _listen(door: socket.socket, events: BaseSelector) -> tuple[bytes, list[int]] | None:
    """Serve; in a forked process, give what it was asked for. None when it is over."""
    import selectors

    running: dict[int, tuple[int, socket.socket]] = {}
    while True:
        for key, _ in events.select():
            if key.fileobj == 0:
                return None
            if key.fileobj is door:
                line, _ = door.accept()
                call = _read_call(line)
                pid = os.fork()
                if pid == 0:
                    line.close()
                    for other, (_, far) in running.items():
                        os.close(other)
                        far.close()
                    return call
                for stream in call[1]:
                    os.close(stream)
                end = os.pidfd_open(pid)
                running[end] = pid, line
                events.register(end, selectors.EVENT_READ)
                events.register(line, selectors.EVENT_READ, end)
            elif key.data is None:
                end = key.fd
                pid, line = running.pop(end)
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                _answer(line, status)
                events.unregister(end)
                if line in (one.fileobj for one in events.get_map().values()):
                    events.unregister(line)
                line.close()
                os.close(end)
            elif key.data in running:
                _pass_on(events, key.data, *running[key.data])


def _answer(line: socket.socket, status: int) -> None:
    import contextlib

    with contextlib.suppress(OSError):
        line.sendall(b"%d\n" % status)


def _pass_on(events: BaseSelector, end: int, pid: int, line: socket.socket) -> None:
    """Signals of a client; one that is gone was killed, and so is what ran for it."""
    try:
        numbers = line.recv(16)
    except OSError:
        numbers = b""
    for number in numbers or bytes([signal.SIGKILL]):
        os.kill(pid, number)
    if not numbers:
        events.unregister(line)


def _read_call(line: socket.socket) -> tuple[bytes, list[int]]:
    size, streams, _, _ = socket.recv_fds(line, 4, 3)
    data = b""
    while len(data) < int.from_bytes(size, "little"):
        data += line.recv(1 << 16)
    return data, streams


def _become(call: tuple[bytes, list[int]]) -> NoReturn:
    """Be the process that was asked for, in all that a test can tell; tearing down what was loaded is left out."""
    import atexit
    import runpy
    import threading
    import traceback

    asked, streams = json.loads(call[0]), call[1]
    for place, given in enumerate(streams):
        os.dup2(given, place)
    for given in streams:
        if given > 2:
            os.close(given)
    for number in PASSED_ON:
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if number in asked["ignored"] else usual)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "")
    errors = "surrogateescape" if locale in PLAIN_LOCALES else "strict"
    for name, stream in (
        ("stdin", _stream(0, "r", errors)),
        ("stdout", _stream(1, "w", errors)),
        ("stderr", _stream(2, "w", "backslashreplace")),
    ):
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.argv = ["-m", *asked["arguments"]]
    sys.modules.pop(asked["module"], None)
    code = 0
    try:
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = _exit_code(end.code)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    os._exit(code if _flush() else 120)


def _exit_code(given: object) -> int:
    if given is None or isinstance(given, int):
        return (given or 0) & 0xFF
    print(given, file=sys.stderr)
    return 1


def _flush() -> bool:
    """Whether all that was written could be."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True


def _stream(number: int, mode: str, errors: str) -> io.TextIOWrapper:
    stream = open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
    assert isinstance(stream, io.TextIOWrapper)
    stream.reconfigure(line_buffering=number == 2 or stream.isatty())
    return stream


if __name__ == "__main__":
    _be_client(sys.argv[1], sys.argv[2], sys.argv[3:])
