"""What the tests run in workers."""

import atexit
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from vibe_jupyter.core.errors import NotFound


class TwoPart(Exception):
    """Cannot be rebuilt from its `args`, as many exceptions cannot."""

    def __init__(self, left, right):
        super().__init__(f"{left} and {right}")


class LeftOver(NotFound):
    def __init__(self, name):
        super().__init__(f"no {name}", code="name.not_found", hint="look again", data={"name": name})


class Unloadable:
    """Pickles, but cannot be rebuilt."""

    def __reduce__(self):
        return int, ("not a number",)


class Jobs:
    @staticmethod
    def triple(number):
        return 3 * number

    def method(self):
        return 1


def add(left, right, *, scale=1):
    return (left + right) * scale


def identity(value):
    return value


def pid_of_worker():
    return os.getpid()


def folder():
    return str(Path.cwd())


def search_path():
    return list(sys.path)


def environment():
    return dict(os.environ)


def loaded_modules():
    return set(sys.modules)


def blob(size_bytes):
    return b"x" * size_bytes


def numbers(count):
    return list(range(count))


def a_lock():
    return threading.Lock()


def raise_builtin():
    raise FileNotFoundError(2, "gone", "/nowhere")


def raise_vibe_error():
    raise LeftOver("kiwi")


def raise_two_part():
    raise TwoPart("bread", "butter")


def raise_local():
    class Local(Exception):
        pass

    raise Local("nobody knows my class")


def leave():
    sys.exit(7)


def exit_at_once(code):
    print("so long")
    os._exit(code)


def end_by_signal(name):
    os.kill(os.getpid(), signal.Signals[name])


def close_every_pipe():
    os.closerange(3, 100)
    time.sleep(60)


def match_catastrophically(report):
    report(None, "begun", pid=os.getpid())
    re.match(r"(a+)+$", "a" * 40 + "b")


def sleep_long(report):
    report(None, "begun", pid=os.getpid())
    time.sleep(60)


def start_a_subprocess_and_wait(report):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    report(None, "begun", pid=process.pid)
    process.wait()


def leave_a_subprocess_and_die(report):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    report(None, "begun", pid=process.pid)
    os._exit(3)


def flood(count, report):
    for number in range(count):
        report(number / count, f"{number}", number=number)
    return count


def report_is_callable(report=None):
    report(0.5)
    return callable(report)


def report_something_unpicklable(report):
    report(0.5, lock=threading.Lock())


def report_after_the_end(report):
    def nag():
        gate.wait()
        report(0.9, "too late")
        said.set()

    gate, said = threading.Event(), threading.Event()
    _late.extend([gate, said])
    threading.Thread(target=nag, daemon=True).start()


_late = []


def let_the_late_report_go(report):
    gate, said = _late
    gate.set()
    said.wait()
    report(1.0, "mine")


def print_everywhere():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    os.write(1, b"\x03\x00\x00\x00\x00\x00\x00\x00\x01raw")
    subprocess.run([sys.executable, "-c", "print('from a subprocess')"], check=True)
    print("\ud800 cannot be encoded")
    sys.stdout.write("x" * 1_000_000)
    return "whole"


def read_stdin():
    return sys.stdin.read()


def write_into(path, text):
    """Block until the other side opens this FIFO to read."""
    Path(path).write_text(text)


def read_from(path, report=None):
    """Block until the other side opens this FIFO to write."""
    if report is not None:
        report(None, "begun", pid=os.getpid())
    return Path(path).read_text()


def at_exit_touch(path):
    atexit.register(Path(path).touch)


def keep_memory(size_bytes):
    _kept.append(bytearray(b"x") * size_bytes)


_kept = []
