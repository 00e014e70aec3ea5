"""Ctrl-C and SIGTERM during a run."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def removing_on_interrupt(temporary: Path, speak: bool) -> Iterator[None]:
    """While this is open a Ctrl-C or SIGTERM removes `temporary` and ends the process with 128 plus its number.

    speak: say so in one line on stderr. A separate thread does it, because the main one may be waiting in MPI for a
    rank that is gone, where Python runs no signal handler; mpirun gives a process one second to end.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def watch() -> None:
        while number := os.read(reader, 1):
            if number[0] in _SIGNALS:
                temporary.unlink(missing_ok=True)
                if speak:
                    show_cursor = "\r\x1b[?25h" if sys.stderr.isatty() else ""  # which the progress bar hides
                    os.write(2, f"{show_cursor}elm-landslide: interrupted; nothing is written\n".encode())
                os._exit(128 + number[0])

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    heeded = [s for s in _SIGNALS if signal.getsignal(s) is not signal.SIG_IGN]
    descriptor = signal.set_wakeup_fd(writer)
    handlers = {s: signal.signal(s, lambda *_: None) for s in heeded}
    try:
        yield
    finally:
        for s, handler in handlers.items():
            signal.signal(s, handler)
        signal.set_wakeup_fd(descriptor)
        os.close(writer)  # ends the watcher
        watcher.join()
        os.close(reader)
