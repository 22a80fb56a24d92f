"""arq as a worker or a producer."""

import asyncio
import sys

import uvloop
from arq import create_pool
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Worker

import tally

SETTINGS = RedisSettings.from_dsn(tally.REDIS)


async def nothing(_: dict, sent: int, text: str) -> None:
    if tally.HOLD:
        tally.say("holding")
        await asyncio.sleep(3600)
    tally.note(sent)


async def send(redis: ArqRedis, jobs: int, delay: float | None) -> None:
    for _ in range(jobs):
        await redis.enqueue_job("nothing", _defer_by=delay, **tally.payload())


async def send_all(redis: ArqRedis, jobs: int, at_once: int, delay: float | None = None) -> None:
    await asyncio.gather(*[send(redis, part, delay) for part in tally.parts(jobs, at_once)])


async def pace(redis: ArqRedis, jobs: int, rate: int) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    for job in range(jobs):
        await asyncio.sleep(max(0, start + job / rate - loop.time()))
        await redis.enqueue_job("nothing", **tally.payload())


async def produce() -> None:
    redis = await create_pool(SETTINGS)
    tally.say("ready")
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, *numbers = line.split()
        jobs, number = int(numbers[0]), int(numbers[-1])
        if verb == "single":
            await send_all(redis, jobs, 32)
        elif verb == "bulk":
            await send_all(redis, jobs, 4)
        elif verb == "later":
            await send_all(redis, jobs, 4, number / 1000)
        elif verb == "pace":
            await pace(redis, jobs, number)
        tally.say("ok")


async def work() -> None:
    async def ready(_: dict) -> None:
        tally.say("ready")

    tally.count_when_asked()
    worker = Worker(
        [nothing],
        redis_settings=SETTINGS,
        on_startup=ready,
        max_jobs=tally.JOBS,
        job_timeout=tally.LEASE,
        poll_delay=0.01,
        handle_signals=False,
    )
    await worker.async_run()


uvloop.run(work() if sys.argv[1] == "worker" else produce())
