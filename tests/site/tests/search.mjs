// Asks the built site's index as a reader's browser does: `node search.mjs SEARCH_FOLDER`, with a JSON list of queries
// on standard input. Prints, for each, the addresses that come first; for `null`, the addresses of all sections.
// search.rs puts static/js/search-*.js beside it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SearchIndex } from "./search-index.js";

const folder = process.argv[2];
const read = (path) => JSON.parse(readFileSync(join(folder, path), "utf8"));
const index = new SearchIndex(read("index.json"), async (path) => read(path));

const queries = JSON.parse(readFileSync(0, "utf8"));
await index.list();
const answers = queries ? [] : [index.sections.map(({ href }) => href)];
for (const query of queries ?? []) {
  const { results } = await index.find(query);
  answers.push(results.slice(0, 5).map(({ href }) => href));
}
console.log(JSON.stringify(answers));
