import { fileURLToPath } from "node:url";
import { type DataOptionsInput, type Dataset, loadDataset } from "surefoot";

/** The extract of 1 000 handwritten digits that comes with the project (MNIST, examples/data). */
const FILE = fileURLToPath(new URL("../../examples/data/mnist-1000.npz", import.meta.url));

/** Digits 0 and 1 as −1 and +1, centred, unit rows. */
export const digits = (samples: number, more: DataOptionsInput = {}): Promise<Dataset> =>
  loadDataset(FILE, { classes: ["0", "1"], samples, normalize: "center,unit-rows", ...more });
