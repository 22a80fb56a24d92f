const rows = (id, cells) => {
  const body = document.getElementById(id);
  body.replaceChildren(...cells.map((texts) => {
    const row = document.createElement("tr");
    for (const text of texts) row.insertCell().append(text);
    return row;
  }));
};

const button = (text, path) => {
  const it = document.createElement("button");
  it.textContent = text;
  it.onclick = async () => {
    it.disabled = true;
    const answer = await fetch(path, { method: "POST" });
    if (!answer.ok) alert((await answer.json()).detail);
  };
  return it;
};

const told = ({ kind, ...rest }) => {
  const text = Object.keys(rest).length ? ` ${JSON.stringify(rest)}` : "";
  return kind + (text.length > 160 ? `${text.slice(0, 160)} …` : text);
};

const show = (now) => {
  const places = [...Object.entries(now.views), ["relay", now.relay]];
  rows("places", places.map(([name, place]) => [name, place, now.head - place]));
  rows("sagas", now.sagas.map((it) => [it.state, it.sagas]));
  rows("stuck", [
    ...now.stuck.map((it) => [`saga ${it.order_id} at ${it.step}`, it.reason,
      button("Resume", `/v1/sagas/${it.order_id}/resume`)]),
    ...now.parked.map((it) => [`${it.follower}, event ${it.position}`, it.error,
      button("Replay", `/v1/parked/${it.follower}/${it.position}/replay`)]),
    ...now.skipped.map(({ view, position, error }) => [`view ${view}, event ${position}`, error,
      button("Rebuild", `/v1/views/${view}/rebuild`)]),
  ]);
  rows("events", now.newest.map((it) => [it.position, it.stream, it.version, told(it.event ?? { kind: "unreadable" })]));
};

const connection = document.getElementById("connection");
const events = new EventSource("/v1/live");
events.onopen = () => { connection.textContent = "live"; };
events.onerror = () => { connection.textContent = "connection lost, trying again …"; };
events.onmessage = ({ data }) => show(JSON.parse(data));
events.addEventListener("trouble", ({ data }) => { connection.textContent = data; });
