"""Celery as a worker or a producer."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from celery import Celery, signals

import tally

app = Celery("default", broker=tally.REDIS)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    broker_transport_options={"visibility_timeout": tally.LEASE},
    broker_pool_limit=32,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
)


@app.task(name="nothing", ignore_result=True)
def nothing(sent: int, text: str) -> None:
    if tally.HOLD:
        tally.say("holding")
        time.sleep(3600)
    tally.note(sent)


def send(jobs: int, **options: object) -> None:
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(jobs):
            nothing.apply_async(kwargs=tally.payload(), producer=producer, **options)


def send_all(jobs: int, at_once: int, **options: object) -> None:
    with ThreadPoolExecutor(at_once) as pool:
        for sent in [pool.submit(send, part, **options) for part in tally.parts(jobs, at_once)]:
            sent.result()


def pace(jobs: int, rate: int) -> None:
    start = time.monotonic()
    with app.producer_pool.acquire(block=True) as producer:
        for job in range(jobs):
            time.sleep(max(0, start + job / rate - time.monotonic()))
            nothing.apply_async(kwargs=tally.payload(), producer=producer)


def produce() -> None:
    tally.say("ready")
    for line in sys.stdin:
        verb, *numbers = line.split()
        jobs, number = int(numbers[0]), int(numbers[-1])
        if verb == "single":
            send_all(jobs, 32)
        elif verb == "bulk":
            send_all(jobs, 4)
        elif verb == "later":
            send_all(jobs, 4, countdown=number / 1000)
        elif verb == "pace":
            pace(jobs, number)
        tally.say("ok")


if sys.argv[1] == "worker":
    signals.worker_ready.connect(lambda **_: tally.say("ready"), weak=False)
    tally.count_when_asked()
    app.worker_main(
        ["worker", "--pool", "threads", "--concurrency", str(tally.JOBS), "--loglevel", "ERROR"]
    )
else:
    produce()
