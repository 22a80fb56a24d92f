// <theme-switch>: the reader's choice holds from the first paint on.
import assert from "node:assert/strict";
import { scenario } from "./browser.js";

const theme = (page) => page.evaluate(() => document.documentElement.dataset.theme ?? "automatic");
const bars = (page) => page.evaluate(() => [...document.querySelectorAll("[name=theme-color]")].map(({ content }) => content));
const bar = (page, scheme) => page.evaluate(async (scheme) => {
  const html = await (await fetch(location.href)).text();
  return new DOMParser().parseFromString(html, "text/html").querySelector(`[name=theme-color][media*=${scheme}]`).content;
}, scheme);
const paper = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

scenario("a chosen theme is kept, and \"Automatic\" follows the system again", async (visit) => {
  const page = await visit("/", { colorScheme: "light" });
  await page.locator(".look > summary").click();
  const light = await paper(page);
  await page.getByRole("combobox", { name: "Theme" }).selectOption("Dark");
  const dark = await paper(page);
  assert.notEqual(dark, light, "expected another background once Dark is chosen");
  assert.deepEqual(await bars(page), [await bar(page, "dark"), await bar(page, "dark")], "expected the browser's bar to follow");
  await page.reload();
  await page.locator(".look > summary").click();
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
  await page.locator(".look > summary").click();
  await page.getByRole("combobox", { name: "Theme" }).selectOption("Dark");
  assert.equal(await theme(page), "dark");
});

scenario("a chosen text size is kept, and nothing else changes with it", async (visit) => {
  const page = await visit("/");
  const size = () => page.evaluate(() => Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
  assert.equal(await size(), 16);
  await page.locator(".look > summary").click();
  await page.getByRole("combobox", { name: "Text size" }).selectOption("Large");
  assert.equal(await size(), 18);
  await page.reload();
  assert.equal(await size(), 18, "expected Large after a reload");
  assert.equal(await theme(page), "automatic");
});
