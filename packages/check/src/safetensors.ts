/** Reads the float64 and float32 tensors of a safetensors file; throws for anything that is not a whole one. */
import type { CheckWeights } from "./check.ts";
import { Fields } from "./fields.ts";

export function readSafetensors(bytes: Uint8Array): CheckWeights {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + (bytes.length >= 8 ? Number(view.getBigUint64(0, true)) : bytes.length);
  if (!(start <= bytes.length)) throw new Error("not a whole safetensors file");
  const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  const names = Object.keys(header as object).filter((name) => name !== "__metadata__");
  const entries = names.map((name) => [name, readTensor(new Fields(header, "").object(name), view, start)] as const);
  return Object.fromEntries(entries);
}

function readTensor(entry: Fields, view: DataView, start: number) {
  const shape = entry.list("shape").map(Number);
  const [from, to] = entry.list("data_offsets").map(Number);
  const width = { F64: 8, F32: 4 }[entry.text("dtype")];
  const length = shape.reduce((a, b) => a * b, 1);
  const whole = width !== undefined && from >= 0 && to - from === length * width && start + to <= view.byteLength;
  if (!whole) throw new Error(`${entry.path}: not a whole tensor of float64 or float32 numbers`);
  const at = (i: number) => start + from + i * width;
  const read = (_: unknown, i: number) => (width === 8 ? view.getFloat64(at(i), true) : view.getFloat32(at(i), true));
  return { shape, data: Float64Array.from({ length }, read) };
}
