"""What the peers of Python share: counting, orders, and the input of a job.

compare/program.rs says what the driver and they say to each other.
"""

import os
import sys
import threading
import time

JOBS = int(os.environ["JOBS"])
LEASE = int(os.environ["LEASE"])
REDIS = f"redis://127.0.0.1:{os.environ['PORT']}/0"
HOLD = "HOLD" in os.environ

_expected = int(os.environ.get("EXPECT", 0))
_waits: list[int] = []
_lock = threading.Lock()


def say(line: str) -> None:
    print(line, flush=True)


def micros() -> int:
    return time.time_ns() // 1000


def payload() -> dict:
    return {"sent": micros(), "text": "x" * 60}


def note(sent: int) -> None:
    """A job that was sent at this moment has begun."""
    with _lock:
        _waits.append(micros() - sent)
        if len(_waits) == _expected:
            _waits.sort()
            at = [_waits[(_expected - 1) * percent // 100] for percent in (50, 99)]
            say(f"done {at[0]} {at[1]}")


def count_when_asked() -> None:
    """Answers the orders to a worker, in a thread of its own."""

    def answer() -> None:
        for _ in sys.stdin:
            say(f"count {len(_waits)}")

    threading.Thread(target=answer, daemon=True).start()


def parts(jobs: int, at_once: int) -> list[int]:
    """So many jobs, dealt out to so many senders."""
    return [jobs // at_once + (part < jobs % at_once) for part in range(at_once)]
