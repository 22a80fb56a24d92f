// The built site (public/) on a free port of this machine, below the path that it will have once it is published.
import { createServer } from "node:http";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PUBLIC = join(ROOT, "public");
export const BASE = new URL(/^base_url = "(.*)"/m.exec(readFileSync(join(ROOT, "config.toml"), "utf8"))[1]);

if (!existsSync(join(PUBLIC, "index.html"))) throw new Error("there is no public/: type `cargo xtask build`, then test again");

const TYPES = {
  ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".json": "application/json",
  ".svg": "image/svg+xml", ".xml": "application/xml", ".txt": "text/plain",
};

/** Starts the server and returns the address of the home page, without a slash at its end. */
export async function serve() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const file = fileOf(decodeURIComponent(pathname));
    const type = TYPES[extname(file)];
    const status = file.endsWith("404.html") ? 404 : 200;
    const body = readFileSync(file);
    if (!type) return response.writeHead(status, { "Content-Type": "application/octet-stream" }).end(body);
    // Pages name the host that they are published on; here that host is this server. Text travels as small as it will there.
    const text = body.toString().replaceAll(BASE.origin, `http://${request.headers.host}`);
    response.writeHead(status, { "Content-Type": `${type}; charset=utf-8`, "Content-Encoding": "gzip" });
    response.end(gzipSync(text));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${server.address().port}${BASE.pathname.replace(/\/$/, "")}`;
}

/** The path of a page as the server is asked for it. */
export const pathOf = (page) => BASE.pathname.replace(/\/$/, "") + page;

/** The file that answers a request for a path. */
export function fileOf(path) {
  const inside = path.startsWith(`${BASE.pathname}/`) ? path.slice(BASE.pathname.length) : "/404.html";
  let file = join(PUBLIC, inside);
  if (file.startsWith(PUBLIC) && existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
  return file.startsWith(PUBLIC) && existsSync(file) ? file : join(PUBLIC, "404.html");
}

/** The paths of all pages, as the sitemap lists them, and of the one that stands for what is not there. */
export const PAGES = [...readFileSync(join(PUBLIC, "sitemap.xml"), "utf8").matchAll(/<loc>(.*?)<\/loc>/g)]
  .map(([, address]) => address.slice(BASE.href.replace(/\/$/, "").length) || "/")
  .concat("/404.html");

/** Every recorded run, with the path of the page that shows it. */
export const RUNS = readdirSync(join(ROOT, "static/runs")).filter((name) => name.endsWith(".json")).map((name) => {
  const run = JSON.parse(readFileSync(join(ROOT, "static/runs", name), "utf8"));
  const page = PAGES.find((path) => readFileSync(fileOf(BASE.pathname + path), "utf8").includes(`data-run="${run.name}"`));
  return { ...run, page };
});
