// Cuts the faces of the book down to the characters that it uses: `node subset.mjs FOLDER PAPER`.
// FOLDER/characters.txt has those that ASCII lacks; the faces and their licenses go beside it. Into the folder PAPER go
// faces of one weight each: of one with many, Chromium makes drawings in a PDF (Type 3), which readers show less well.
import { copyFile, readFile, writeFile } from "node:fs/promises";
import fontverter from "fontverter";
import subset from "subset-font";

const [folder, paper] = process.argv.slice(2);
const ascii = String.fromCharCode(...Array.from({ length: 95 }, (_, at) => at + 32));
const others = (await readFile(`${folder}/characters.txt`, "utf8")).replaceAll("\n", "");

// Only the text has bold words. Programs are colored instead, and italics are too short to miss kerning.
const faces = [
  { file: "text", from: "source-serif-4", style: "normal", weights: { min: 400, max: 700 }, onPaper: [400, 600, 650, 700], features: ["kern", "liga"] },
  { file: "text-italic", from: "source-serif-4", style: "italic", weights: 400, features: [] },
  { file: "code", from: "jetbrains-mono", style: "normal", weights: 400, features: [] },
];

for (const { file, from, style, weights, onPaper = [], features } of faces) {
  const home = `node_modules/@fontsource-variable/${from}`;
  const whole = await readFile(`${home}/files/${from}-latin-wght-${style}.woff2`);
  const cut = async (wght, to) => {
    const face = await subset(whole, ascii + others, {
      targetFormat: "truetype",
      variationAxes: { wght },
      keepFeatures: features,
      dropTables: ["STAT", "gasp", "DSIG"],
      noHinting: true,
    });
    const packed = await fontverter.convert(renamed(face), "woff2");
    await writeFile(to, packed);
    console.log(`${to}: ${packed.length} bytes of ${whole.length}`);
  };
  await cut(weights, `${folder}/${file}.woff2`);
  for (const weight of onPaper) await cut(weight, `${paper}/${file}-${weight}.woff2`);
  await copyFile(`${home}/LICENSE`, `${folder}/OFL-${from}.txt`);
}

// The license of Source Serif keeps its name for the whole face: one that was cut down must be called otherwise.
function renamed(face) {
  for (const [from, to] of [["Source Serif", "Proved Serif"], ["SourceSerif", "ProvedSerif"]]) {
    const [was, is] = [from, to].map((name) => Buffer.from(name, "utf16le").swap16());
    for (let at = face.indexOf(was); at >= 0; at = face.indexOf(was, at)) is.copy(face, at);
  }
  return face;
}
