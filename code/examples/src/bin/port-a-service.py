"""An aiohttp service: shared state, a queue with three workers, a ticker, and an end in order.

Run it: LISTEN=127.0.0.1:8080 WAREHOUSE=http://127.0.0.1:7071 GRACE=10 python3 port-a-service.py
"""

import asyncio
import logging
import os
import signal

from aiohttp import ClientSession, web

STOCK = web.AppKey("stock", dict)
QUEUE = web.AppKey("queue", asyncio.Queue)
log = logging.getLogger("shop")


async def order(request):
    stock, item = request.app[STOCK], request.match_info["item"]
    if item not in stock:
        raise web.HTTPNotFound(text="no such item\n")
    if stock[item] == 0:
        raise web.HTTPConflict(text="sold out\n")
    try:
        request.app[QUEUE].put_nowait(item)
    except asyncio.QueueFull:
        raise web.HTTPServiceUnavailable(text="too many orders\n")
    stock[item] -= 1
    return web.Response(status=202, text=f"{stock[item]} left\n")


async def worker(queue, warehouse):
    while True:
        item = await queue.get()
        try:
            async with warehouse.post(f"/{item}") as answer:
                answer.raise_for_status()
                log.info("packed %s: parcel %d", item, int(await answer.text()))
        except Exception:
            log.exception("not packed: %s", item)
        finally:
            queue.task_done()


async def ticker(queue):
    while True:
        await asyncio.sleep(1)
        log.info("%d orders wait", queue.qsize())


async def background(app):
    """A cleanup_ctx: up to `yield` at the start, the rest at the end."""
    queue = app[QUEUE]
    async with ClientSession(os.environ["WAREHOUSE"]) as warehouse:
        workers = (worker(queue, warehouse) for _ in range(3))
        tasks = [asyncio.create_task(it) for it in (*workers, ticker(queue))]
        yield
        try:
            async with asyncio.timeout(float(os.environ["GRACE"])):
                await queue.join()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def shop():
    app = web.Application()
    app[STOCK], app[QUEUE] = {"tea": 1000, "salt": 0}, asyncio.Queue(100)
    app.router.add_post("/orders/{item}", order)
    app.cleanup_ctx.append(background)
    return app


async def main():
    logging.basicConfig(level=logging.INFO)
    host, port = os.environ["LISTEN"].split(":")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(shop())
    await runner.setup()
    await web.TCPSite(runner, host, int(port)).start()
    log.info("listening on http://%s:%d", *runner.addresses[0])
    await stop.wait()
    await runner.cleanup()  # too late for an order: TimeoutError, exit code 1


asyncio.run(main())
