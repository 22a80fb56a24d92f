const row = (cells, sick) => {
  const tr = document.createElement("tr");
  if (sick) tr.dataset.sick = "";
  for (const cell of cells) {
    const td = document.createElement("td");
    td.textContent = cell;
    if (typeof cell === "number") td.className = "number";
    tr.append(td);
  }
  return tr;
};
const events = new EventSource("/events");
const status = document.getElementById("status");
events.onerror = () => { status.textContent = "The gateway doesn't answer."; };
events.onmessage = ({ data }) => {
  const page = JSON.parse(data);
  status.textContent = `${page.connections} connections, ${page.refused} heads refused`;
  document.getElementById("servers").replaceChildren(...page.servers.map((s) =>
    row([s.upstream, s.address, s.well ? "well" : "unwell", s.open ? "open" : "closed", s.under_way, s.answered, s.failed, Math.round(s.delay_ms)],
      !s.well || s.open)));
  document.getElementById("routes").replaceChildren(...page.routes.map((r) =>
    row([r.name, ...r.answers.slice(1), r.retries])));
};
