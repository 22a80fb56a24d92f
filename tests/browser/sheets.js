// What a PDF of Chromium's says of itself.
import { PDFArray, PDFDict, PDFName } from "@cantoo/pdf-lib";

/** On which sheet each target of a link stands, by its id. */
export function sheetsOf(book) {
  const at = new Map(book.getPages().map((page, index) => [page.ref, index + 1]));
  const targets = book.catalog.lookup(PDFName.of("Dests"), PDFDict).entries();
  return Object.fromEntries(targets.map(([id, target]) => [id.decodeText(), at.get(book.context.lookup(target, PDFArray).get(0))]));
}
