// The site in a language that nobody speaks: English with an accent on every vowel, made from the sources by one rule.
// A vowel without one is then a word that stands in a template or a script instead of words/.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, runBuilt } from "./site.js";

/** Its code; those from qaa to qtz belong to no language. */
export const PSEUDO = "qps";

const NEEDED = ["config.toml", "content", "templates", "static", "code", "tests/anti_patterns"];
const VOWELS = "aeiouyAEIOUY";
const ACCENTED = "áéíóúýÁÉÍÓÚÝ";
/** What a translator leaves as it is: programs, code, addresses, tags, shortcodes, names to fill in. */
const KEPT = [
  /^(`{3,})[^]*?^\1$/, /`[^`]*`/, /\]\([^)]*\)/, /\]\[[^\]]*\]/, /^\[[^\]^][^\]]*\]: .*$/, /\[\^[^\]]*\]/, /\[![A-Z]+\]/,
  /<code[^>]*>[^<]*<\/code>/, /<[^>]*>/, /\{\{[^]*?\}\}/, /\{#?[\w-]+\}/, /&\w+;/,
].map(({ source }) => source).join("|");
const RULE = new RegExp(`${KEPT}|[${VOWELS}]`, "gm");

const pseudo = (text) => text.replace(RULE, (found) => ACCENTED[VOWELS.indexOf(found)] ?? found);

/** The texts of a TOML file, but for those that are names. */
const NAMES = /^(path|start|slug|name|dir|id|command|date|sort_by|template|page_template|direction|hint)\b/;
const table = (text) => text.split("\n").map((line) =>
  NAMES.test(line) || line.startsWith("#") ? line : line.replace(/\b(?:id|cards) = "[^"]*"|"(?:[^"\\]|\\.)*"|'[^']*'/g, (found) => (/^["']/.test(found) ? pseudo(found) : found))).join("\n");

const page = (text) => {
  const [, front, body] = text.split(/^\+\+\+$/m);
  const captioned = body.replaceAll(/\b(caption|text)="([^"]*)"(?=[^{}]*\}\})/g, (_, name, text) => `${name}="${pseudo(text)}"`)
    .replaceAll(/^#+ .*$/gm, (heading) => heading.replaceAll("`", "")); // the contents show code of headings as text
  return ["", table(front), pseudo(captioned)].join("+++");
};
/** A page as it stands in the folder of its language, and leads to others there. */
const translated = (text) => text.replaceAll(/@\/([\w/-]+)\.md/g, `@/$1.${PSEUDO}.md`).replace(/^path = "/m, `path = "${PSEUDO}/`);

const run = (text) => {
  const data = JSON.parse(text);
  for (const lane of data.lanes) lane.name = pseudo(lane.name);
  for (const step of data.steps) step.say = pseudo(step.say);
  return JSON.stringify(data);
};

/** Builds the site in both languages, in a folder of its own that `remove` takes away. Returns the folder of its pages. */
export function build() {
  const folder = mkdtempSync(join(tmpdir(), "pseudo-"));
  const isSource = (path) => !/\/(target|node_modules)$/.test(path);
  for (const name of NEEDED) cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter: isSource });
  const rewrite = (name, change, to = name) => writeFileSync(join(folder, to), change(readFileSync(join(folder, name), "utf8")));
  const files = (below, end) => readdirSync(join(folder, below), { recursive: true }).filter((name) => name.endsWith(end)).map((name) => join(below, name));

  // English itself changes too, since the page of a wrong address is in no other language.
  rewrite("content/words/en.toml", table);
  rewrite("content/words/en.toml", (text) => text, `content/words/${PSEUDO}.toml`);
  const reports = new Set();
  for (const name of files("content", ".md").filter((name) => !/\.[\w-]+\.md$/.test(name))) { // those are translations
    for (const [, report] of readFileSync(join(folder, name), "utf8").matchAll(/\{\{ report\(file="([^"]*)"/g)) reports.add(report);
    rewrite(name, page);
    rewrite(name, translated, name.replace(/md$/, `${PSEUDO}.md`));
  }
  // What pages show of files that no language has of its own.
  for (const name of reports) rewrite(name, pseudo);
  for (const name of ["content/outline.toml", "code/exercises/info.toml", ...files("code/measurements/results", ".toml")]) rewrite(name, table);
  for (const name of files("static/runs", ".json")) rewrite(name, run);

  rewrite("config.toml", (text) => {
    const [site] = text.split(/^\[/m);
    const changed = site.replace(/^(title|description) = .*$/gm, table);
    const shared = changed.match(/^(title|description|generate_feeds|feed_filenames) = .*$/gm);
    return `${text.replace(site, () => changed)}\n[languages.${PSEUDO}]\n${shared.join("\n")}\n`;
  });

  const pages = join(folder, "public");
  runBuilt("xtask", "zola", "--root", folder, "build", "--output-dir", pages);
  runBuilt("search", pages);
  return { pages, remove: () => rmSync(folder, { recursive: true }) };
}
