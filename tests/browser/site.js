// The built site (public/) on a free port of this machine, below the path that it will have once it is published.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PUBLIC = join(ROOT, "public");
export const BASE = new URL(/^base_url = "(.*)"/m.exec(readFileSync(join(ROOT, "config.toml"), "utf8"))[1]);

if (!existsSync(join(PUBLIC, "index.html"))) throw new Error("there is no public/: type `cargo xtask build`, then test again");

const TYPES = {
  ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".json": "application/json",
  ".svg": "image/svg+xml", ".xml": "application/xml", ".webmanifest": "application/manifest+json", ".txt": "text/plain",
};

/** Starts the server and returns the address of the home page, without a slash at its end. */
export async function serve() {
  return serveFolder(PUBLIC);
}

/** The same for the pages in another folder. */
export async function serveFolder(folder) {
  // Pages name the host that they are published on; here that host is this server.
  const { origin } = await listen(folder, (text, origin) => text.replaceAll(BASE.origin, origin));
  return homeAt(origin);
}

/**
 * Serves a copy of the site that was built for its very address, as offline.json wants it, and that can be published
 * anew and be out of reach. `publish(file, from, to)` changes a text and builds the list of files again.
 */
export async function serveCopy() {
  const folder = mkdtempSync(join(tmpdir(), "site-"));
  cpSync(PUBLIC, folder, { recursive: true });
  const state = await listen(folder, (text) => text);
  const change = (file, from, to) => writeFileSync(join(folder, file), readFileSync(join(folder, file), "utf8").replaceAll(from, to));
  for (const file of readdirSync(folder, { recursive: true })) if (TYPES[extname(file)]) change(file, BASE.origin, state.origin);
  const list = () => runBuilt("offline", folder);
  list();
  return Object.assign(state, {
    home: homeAt(state.origin), change,
    publish(...edit) {
      change(...edit);
      list();
    },
    remove: () => rmSync(folder, { recursive: true }),
  });
}

/**
 * Runs a program that `cargo xtask build` has built. Not through cargo, which would wait until no other cargo builds,
 * and CI has one build beside.
 */
export function runBuilt(program, ...args) {
  const { target_directory } = JSON.parse(execFileSync("cargo", ["metadata", "--no-deps", "--format-version=1"], { cwd: ROOT }));
  execFileSync(join(target_directory, "debug", program), args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
}

const homeAt = (origin) => origin + BASE.pathname.replace(/\/$/, "");

async function listen(folder, rewrite) {
  const state = { isDown: false };
  const packed = new Map(); // file and when it was written → as it travels
  const pack = (file) => {
    const key = `${file} ${statSync(file).mtimeMs}`;
    if (!packed.has(key)) packed.set(key, gzipSync(rewrite(readFileSync(file, "utf8"), state.origin)));
    return packed.get(key);
  };
  const server = createServer((request, response) => {
    if (state.isDown) return request.socket.destroy();
    const { pathname } = new URL(request.url, "http://localhost");
    const file = fileOf(decodeURIComponent(pathname), folder);
    const type = TYPES[extname(file)];
    const status = file.endsWith("404.html") ? 404 : 200;
    if (!type) return response.writeHead(status, { "Content-Type": "application/octet-stream" }).end(readFileSync(file));
    // Text travels as small as it will when it is published.
    response.writeHead(status, { "Content-Type": `${type}; charset=utf-8`, "Content-Encoding": "gzip" });
    response.end(pack(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  state.origin = `http://127.0.0.1:${server.address().port}`;
  return state;
}

/** The path of a page as the server is asked for it. */
export const pathOf = (page) => BASE.pathname.replace(/\/$/, "") + page;

/** The file that answers a request for a path. */
export function fileOf(path, folder = PUBLIC) {
  const inside = path.startsWith(`${BASE.pathname}/`) ? path.slice(BASE.pathname.length) : "/404.html";
  let file = join(folder, inside);
  if (file.startsWith(folder) && existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
  return file.startsWith(folder) && existsSync(file) ? file : join(folder, "404.html");
}

/** The paths of all pages, as the sitemap lists them, and of the two that stand for what is not there. */
export const PAGES = [...readFileSync(join(PUBLIC, "sitemap.xml"), "utf8").matchAll(/<loc>(.*?)<\/loc>/g)]
  .map(([, address]) => address.slice(BASE.href.replace(/\/$/, "").length) || "/")
  .concat("/404.html", "/offline.html");

const texts = new Map();
/** The HTML of a page. */
export const htmlOf = (path) => texts.get(path) ?? texts.set(path, readFileSync(fileOf(pathOf(path)), "utf8")).get(path);

const shownOn = new Map(PAGES.flatMap((path) => [...htmlOf(path).matchAll(/data-run="([^"]*)"/g)].map(([, name]) => [name, path])).reverse());

/** Every recorded run, with the path of the first page that shows it. */
export const RUNS = readdirSync(join(ROOT, "static/runs")).filter((name) => name.endsWith(".json")).map((name) => {
  const run = JSON.parse(readFileSync(join(ROOT, "static/runs", name), "utf8"));
  return { ...run, page: shownOn.get(run.name) };
});
