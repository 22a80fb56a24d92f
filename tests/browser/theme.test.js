// <theme-switch>: the reader's choice holds from the first paint on.
import assert from "node:assert/strict";
import { scenario } from "./browser.js";

const theme = (page) => page.evaluate(() => document.documentElement.dataset.theme ?? "automatic");
const paper = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

scenario("a chosen theme is kept, and \"Automatic\" follows the system again", async (visit) => {
  const page = await visit("/", { colorScheme: "light" });
  const light = await paper(page);
  await page.getByRole("combobox", { name: "Theme" }).selectOption("Dark");
  const dark = await paper(page);
  assert.notEqual(dark, light, "expected another background once Dark is chosen");
  await page.reload();
  assert.equal(await paper(page), dark, "expected Dark after a reload");
  assert.equal(await page.getByRole("combobox", { name: "Theme" }).inputValue(), "dark");
  await page.getByRole("combobox", { name: "Theme" }).selectOption("Automatic");
  assert.equal(await paper(page), light, "expected the system's theme with Automatic");
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await paper(page), dark, "expected Automatic to follow the system");
});

scenario("a remembered theme is there before anything is painted", async (visit) => {
  for (const [colorScheme, chosen] of [["light", "dark"], ["dark", "light"]]) {
    const prepare = (page) => page.addInitScript((chosen) => {
      localStorage.setItem("theme", chosen);
      new MutationObserver((_, observer) => {
        if (!document.body) return;
        observer.disconnect();
        window.themeAtBody = document.documentElement.dataset.theme;
      }).observe(document, { childList: true, subtree: true });
    }, chosen);
    const page = await visit("/", { colorScheme, prepare });
    assert.equal(await page.evaluate(() => window.themeAtBody), chosen, `a ${colorScheme} system, ${chosen} chosen: expected the choice before the body begins`);
  }
});

scenario("a browser that keeps nothing still switches the theme", async (visit) => {
  const prepare = (page) => page.addInitScript(() => {
    Object.defineProperty(window, "localStorage", { get: () => { throw new DOMException("denied", "SecurityError"); } });
  });
  const page = await visit("/", { prepare });
  await page.getByRole("combobox", { name: "Theme" }).selectOption("Dark");
  assert.equal(await theme(page), "dark");
});
