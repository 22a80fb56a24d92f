// The dashboard: listens to /v1/events, and asks the API for what the reader wants to see or do.
const $ = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const number = new Intl.NumberFormat();
const when = (ms) => new Date(ms).toLocaleString();
const AGAIN = 2_000; // milliseconds until a lost connection is tried again
const SECONDS = 180; // of throughput that the graph shows

let token = sessionStorage.getItem("token") ?? "";
let seen = null;

/** Asks the API; an error is its own words. */
async function call(method, path, body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(`/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (response.status === 401) $("login").hidden = false;
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new Error(answer.detail ?? `status ${response.status}`);
}

function say(text, isTrouble = false) {
  const state = $("state");
  if (state.textContent !== text) state.textContent = text;
  state.toggleAttribute("data-trouble", isTrouble);
}

/** Reads the stream of events, again and again. */
async function listen() {
  for (;;) {
    try {
      const response = await call("GET", "/events");
      let text = "";
      const decoder = new TextDecoderStream();
      for await (const piece of response.body.pipeThrough(decoder)) {
        text += piece;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          take(text.slice(0, end));
          text = text.slice(end + 2);
        }
      }
      say("The server has hung up. Connecting again …", true);
    } catch (error) {
      say(`Not connected: ${error.message}`, true);
      if (!$("login").hidden) return; // goes on with the token
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

function take(event) {
  const data = event.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("");
  if (!data) return;
  if (event.startsWith("event: trouble")) return say(`The store does not answer: ${data.trim()}`, true);
  const before = seen;
  seen = JSON.parse(data);
  say("Live");
  graph(before);
  showQueues(before);
  showWorkers();
}

// Throughput: what the counters of all queues grew by, each second.
const history = { done: [], failed: [] };
function graph(before) {
  const sum = ({ queues }, ...names) => queues.reduce((all, { counters }) => all + names.reduce((some, name) => some + counters[name], 0), 0);
  if (!before || seen.at <= before.at) return;
  const seconds = (seen.at - before.at) / 1000;
  const grew = (...names) => Math.max(0, sum(seen, ...names) - sum(before, ...names)) / seconds;
  history.done.push(grew("completed"));
  history.failed.push(grew("retried", "died"));
  for (const line of Object.values(history)) line.splice(0, line.length - SECONDS);
  const peak = Math.max(1, ...history.done, ...history.failed);
  $("peak").value = number.format(Math.round(peak));
  for (const [name, line] of Object.entries(history)) {
    const points = line.map((value, at) => `${SECONDS - line.length + at + 1} ${(46 - (44 * value) / peak).toFixed(1)}`);
    $("graph").querySelector(`.${name}`).setAttribute("d", points.length ? `M${points.join("L")}` : "");
  }
}

function showQueues(before) {
  // Rows are made anew only when there is another queue: who is about to press a button keeps it.
  const names = seen.queues.map(({ queue }) => queue).join(" ");
  const rows = $("queue-rows");
  if (names !== before?.queues.map(({ queue }) => queue).join(" ")) {
    rows.replaceChildren(...seen.queues.map(({ queue }) => {
      const pause = make("button", { onclick: () => act(() => call("POST", `/queues/${queue}/${pause.value}`)) });
      const dead = make("button", { textContent: "Dead letters", ariaLabel: `Dead letters of ${queue}`, onclick: () => showDead(queue) });
      const forget = make("button", { textContent: "Forget", ariaLabel: `Forget ${queue}`, onclick: () => act(() => call("DELETE", `/queues/${queue}`)) });
      const cells = Array.from({ length: 8 }, () => make("td"));
      return make("tr", {}, make("th", { scope: "row", textContent: queue }), ...cells, make("td", {}, pause, " ", dead, " ", forget));
    }));
  }
  seen.queues.forEach((queue, at) => {
    const ready = queue.ready.reduce((all, some) => all + some, 0);
    const wait = queue.head_wait ? queue.head_wait.secs + queue.head_wait.nanos / 1e9 : 0;
    const texts = [ready, queue.ready.toReversed().join(" "), queue.head_wait ? `${wait.toFixed(1)} s` : "–", queue.delayed, queue.blocked, queue.running, queue.counters.completed, queue.dead];
    [...rows.rows[at].cells].slice(1, 9).forEach((cell, column) => {
      const text = texts[column];
      cell.textContent = typeof text === "number" ? number.format(text) : text;
      cell.className = text === 0 || text === "–" ? "none" : "";
    });
    const [pause, , forget] = rows.rows[at].querySelectorAll("button");
    forget.hidden = ready + queue.delayed + queue.blocked + queue.running + queue.dead > 0;
    pause.value = queue.paused ? "resume" : "pause";
    pause.textContent = queue.paused ? "Resume" : "Pause";
    pause.ariaLabel = `${pause.textContent} ${queue.queue}`;
  });
}

function showWorkers() {
  const rows = seen.workers.map((worker) => {
    const bar = make("i");
    bar.style.inlineSize = `${(100 * worker.running) / Math.max(1, worker.concurrency)}%`;
    const state = worker.draining ? "draining, " : "";
    const here = worker.id === seen.this ? ", this process" : "";
    const text = `process ${worker.process}${here}: ${state}${worker.running} of ${worker.concurrency} jobs, ${worker.queues.join(", ")}, since ${when(worker.started_at)}`;
    return make("li", {}, make("code", { textContent: worker.id }), " ", make("small", { textContent: text }), make("span", { className: "lane", ariaHidden: "true" }, bar));
  });
  $("worker-rows").replaceChildren(...(rows.length ? rows : [make("li", { textContent: "No worker has reported." })]));
}

/** Does something and says how it went. */
async function act(what) {
  try {
    await what();
  } catch (error) {
    $("answer").textContent = error.message;
  }
}

let deadQueue = "";
async function showDead(queue, cursor) {
  await act(async () => {
    const page = await (await call("GET", `/queues/${queue}/dead?limit=50${cursor === undefined ? "" : `&cursor=${cursor}`}`)).json();
    deadQueue = queue;
    $("dead-section").hidden = false;
    $("dead-queue").value = queue;
    if (cursor === undefined) $("dead-rows").replaceChildren();
    $("dead-rows").append(...page.jobs.map((job) => {
      const again = make("button", { textContent: "Requeue", ariaLabel: `Requeue ${job.id}`, onclick: () => act(async () => {
        await call("POST", "/dead/requeue", { jobs: [job.id] });
        row.remove();
      }) });
      const look = make("button", { textContent: job.id, onclick: () => showJob(job.id) });
      const row = make("li", {}, look, " ", again, ` ${job.task}: ${job.error ?? "no reason is known"}`);
      return row;
    }));
    if (!$("dead-rows").children.length) $("dead-rows").append(make("li", { textContent: "None." }));
    $("dead-more").hidden = page.next === null;
    $("dead-more").onclick = () => showDead(queue, page.next);
  });
}

async function showJob(id) {
  await act(async () => {
    const job = await (await call("GET", `/jobs/${encodeURIComponent(id)}`)).json();
    $("look").elements.id.value = id;
    const progress = job.progress && `${job.progress.done} of ${job.progress.total || "?"} ${job.progress.note}`;
    const facts = {
      State: job.cancel_requested && job.state === "running" ? "running, asked to stop" : job.state,
      Task: `${job.task} in ${job.queue}, priority ${job.priority}`, Payload: job.payload, Result: job.result, Error: job.error,
      Progress: progress, Enqueued: when(job.enqueued_at), Failures: `${job.failures} of ${job.max_attempts}`, "Workers lost": job.recoveries,
      "Waits for": job.waits_for ? `${job.waits_for} jobs` : null, Trace: job.trace,
    };
    const rows = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined);
    $("facts").replaceChildren(...rows.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]));
    $("attempts").replaceChildren(...job.attempts.map((attempt) => {
      const end = attempt.ended_at ? `${attempt.end} after ${attempt.ended_at - attempt.started_at} ms` : attempt.end;
      return make("li", { textContent: `${when(attempt.started_at)}: ${end}${attempt.error ? `: ${attempt.error}` : ""} (${attempt.worker})` });
    }));
    const cancel = $("cancel");
    cancel.hidden = ["completed", "dead", "canceled"].includes(job.state);
    cancel.onclick = () => act(async () => {
      await call("POST", `/jobs/${id}/cancel`);
      await showJob(id);
    });
    $("facts").scrollIntoView({ block: "nearest" });
  });
}

$("login").onsubmit = (event) => {
  event.preventDefault();
  token = event.target.elements.token.value;
  sessionStorage.setItem("token", token);
  event.target.hidden = true;
  listen();
};
$("look").onsubmit = (event) => {
  event.preventDefault();
  showJob(event.target.elements.id.value);
};
$("enqueue").onsubmit = (event) => {
  event.preventDefault();
  const { queue, task, payload, priority, count } = Object.fromEntries(new FormData(event.target));
  act(async () => {
    const job = { queue, task, payload: JSON.parse(payload || "null"), priority: Number(priority) };
    const { jobs } = await (await call("POST", "/jobs", { jobs: Array.from({ length: Number(count) }, () => job) })).json();
    const [id] = Object.values(jobs[0]);
    $("answer").replaceChildren(`Enqueued ${number.format(jobs.length)}. `, make("button", { type: "button", textContent: `Look at ${id}`, onclick: () => showJob(id) }));
  });
};
const all = (action) => () => {
  if (action === "purge" && !confirm(`Delete up to 1,000 dead letters of ${deadQueue}?`)) return;
  act(async () => {
    await call("POST", `/dead/${action}`, { queue: deadQueue, oldest: 1000 });
    await showDead(deadQueue);
  });
};
$("requeue-all").onclick = all("requeue");
$("purge-all").onclick = all("purge");
listen();
