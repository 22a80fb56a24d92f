// Every built page is HTML that a strict reader accepts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HtmlValidate, StaticConfigLoader } from "html-validate";
import { PAGES, htmlOf } from "./site.js";

// Templates leave white space where a tag stood. It costs nothing once compressed.
const RULES = { "no-trailing-whitespace": "off" };
const validator = new HtmlValidate(new StaticConfigLoader({ root: true, extends: ["html-validate:recommended"], rules: RULES }));

const faults = async (html) => (await validator.validateString(html)).results.flatMap(({ messages }) => messages);

test("every page keeps the rules of HTML", async () => {
  for (const path of PAGES) {
    const found = await faults(htmlOf(path));
    const told = found.map(({ line, ruleId, message }) => `line ${line}: ${message} (${ruleId})`);
    assert.deepEqual(told, [], `${path}: expected HTML without faults`);
  }
});

// `//~-`, `//~x`, `//~[` and `//~]` say what a step removes and folds; the template turns each into an element.
test("no mark of a step is left on a page", () => {
  for (const path of PAGES) {
    const found = htmlOf(path).match(/\/\/~[-x[\]].*/g) ?? [];
    assert.deepEqual(found, [], `${path}: expected the marks as elements`);
  }
});

test("a page that breaks them is found out", async () => {
  const found = await faults("<p>A paragraph <div>around a block</div></p>");
  assert.notEqual(found.length, 0);
});
