/** Reads the float64 and float32 tensors of a safetensors file; throws for anything that is not a whole one. */
import type { CheckWeights } from "./check.ts";
import { count, type Json, list } from "./fields.ts";

/** Float64 tensors of a safetensors file by name. */
export function readSafetensors(bytes: Uint8Array): CheckWeights {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start))) as Json;
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  return Object.fromEntries(names.map((name) => [name, tensor(name, header[name], view, start)]));
}

function tensor(name: string, { shape: sides, data_offsets, dtype }: Json, view: DataView, start: number) {
  const shape = list(sides).map(count);
  const [from, to] = list(data_offsets).map(count);
  const length = shape.reduce((a, b) => a * b, 1);
  const width = String(dtype) === "F64" ? 8 : String(dtype) === "F32" ? 4 : Number.NaN;
  if (to - from !== length * width || start + to > view.byteLength) {
    throw new Error(`${name}: not a whole tensor of float64 or float32 numbers`);
  }
  const at = (i: number) => start + from + i * width;
  const read = (_: unknown, i: number) => (width === 8 ? view.getFloat64(at(i), true) : view.getFloat32(at(i), true));
  return { shape, data: Float64Array.from({ length }, read) };
}
