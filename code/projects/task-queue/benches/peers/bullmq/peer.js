// BullMQ as a worker or a producer; compare/program.rs says what the driver and it say to each other.

import readline from "node:readline";
import { Queue, Worker } from "bullmq";

const connection = { host: "127.0.0.1", port: Number(process.env.PORT), maxRetriesPerRequest: null };
const lease = Number(process.env.LEASE) * 1000;
const micros = () => Math.round((performance.timeOrigin + performance.now()) * 1000);
const payload = () => ({ sent: micros(), text: "x".repeat(60) });
const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

const role = process.argv[2];
const orders = readline.createInterface({ input: process.stdin });

if (role === "worker") {
  const expected = Number(process.env.EXPECT);
  const waits = [];
  const run = async (job) => {
    if (process.env.HOLD) {
      console.log("holding");
      await sleep(3_600_000);
    }
    waits.push(micros() - job.data.sent);
    if (waits.length === expected) {
      waits.sort((a, b) => a - b);
      const at = (percent) => waits[Math.floor(((waits.length - 1) * percent) / 100)];
      console.log(`done ${at(50)} ${at(99)}`);
    }
  };
  const worker = new Worker("default", run, {
    connection,
    concurrency: Number(process.env.JOBS),
    lockDuration: lease,
    stalledInterval: lease,
    maxStalledCount: 1,
  });
  worker.on("error", (error) => console.error(error.message));
  await worker.waitUntilReady();
  orders.on("line", () => console.log(`count ${waits.length}`));
} else {
  const queue = new Queue("default", { connection });
  await queue.waitUntilReady();

  const sendAll = async (jobs, batch, atOnce, delay) => {
    const send = async (left) => {
      for (; left > 0; left -= batch) {
        const number = Math.min(left, batch);
        const opts = delay ? { delay } : {};
        if (number === 1) await queue.add("nothing", payload(), opts);
        else await queue.addBulk(Array.from({ length: number }, () => ({ name: "nothing", data: payload(), opts })));
      }
    };
    const parts = Array.from({ length: atOnce }, (_, part) => Math.floor(jobs / atOnce) + (part < jobs % atOnce ? 1 : 0));
    await Promise.all(parts.map(send));
  };
  const pace = async (jobs, rate) => {
    const start = performance.now();
    for (let job = 0; job < jobs; job++) {
      const wait = start + (job * 1000) / rate - performance.now();
      if (wait > 0) await sleep(wait);
      await queue.add("nothing", payload());
    }
  };
  orders.on("line", async (line) => {
    const [verb, jobs, number] = line.split(" ").map((word, at) => (at ? Number(word) : word));
    if (verb === "single") await sendAll(jobs, 1, 32);
    if (verb === "bulk") await sendAll(jobs, 500, 4);
    if (verb === "later") await sendAll(jobs, 500, 4, number);
    if (verb === "pace") await pace(jobs, number);
    console.log("ok");
  });
}
console.log("ready");
