/**
 * The safetensors format (Hugging Face, https://huggingface.co/docs/safetensors): the length of the header as a 64-bit little-endian
 * number, the header as a JSON object, then the tensors' bytes without gaps or overlaps. Header entries are
 * name → { dtype, shape, data_offsets: [begin, end] } and optionally `__metadata__`, a map from text to text.
 */
import { z } from "zod";
import { float16 } from "../data/npy.ts";
import { checkEntries } from "../data/samples.ts";
import { SurefootError } from "../error.ts";

/** Entries in row-major order. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Tensors by name, and text beside them. */
export interface TensorFile {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The header limit of the reference implementation: 100 MB. */
const MAX_HEADER_BYTES = 100_000_000;

const METADATA = "__metadata__";

/** Bytes and reader by dtype. Integers are not weights and are refused. */
const DTYPES: Readonly<Record<string, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, read: (view, at) => float16(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => bfloat16(view.getUint16(at, true)) },
};

const scratch = new DataView(new ArrayBuffer(4));

function bfloat16(bits: number): number {
  scratch.setUint32(0, bits * 65536);
  return scratch.getFloat32(0);
}

const length = z.int().min(0);
const entry = z.strictObject({
  dtype: z.string(),
  shape: z.array(length),
  data_offsets: z.tuple([length, length]),
});
const metadataMap = z.record(z.string(), z.string());

type Entry = z.infer<typeof entry> & { readonly name: string };

/** The bytes of a file of F64 tensors, in the order given. The tensors' bytes start at a multiple of 8. */
export function formatSafetensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header[METADATA] = metadata;
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (name === METADATA || product(shape) !== data.length) {
      throw new SurefootError(
        "argument",
        `tensor ${name} of shape [${shape}] with ${data.length} entries cannot be written`,
      );
    }
    header[name] = { dtype: "F64", shape, data_offsets: [end, end + 8 * data.length] };
    end += 8 * data.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(start + end);
  const view = new DataView(out.buffer);
  out.fill(0x20, 8, start);
  out.set(json, 8);
  view.setBigUint64(0, BigInt(start - 8), true);
  let at = start;
  for (const { data } of Object.values(tensors)) {
    for (const value of data) {
      view.setFloat64(at, value, true);
      at += 8;
    }
  }
  return out;
}

/**
 * Reads tensors of dtype F64, F32, F16 or BF16; `name` stands in messages.
 * Throws `file` for bytes that are no whole safetensors file and `data` for another dtype or an entry that is not finite.
 */
export function parseSafetensors(bytes: Uint8Array<ArrayBuffer>, name: string): TensorFile {
  const { entries, metadata, start } = readHeader(bytes, name);
  checkRanges(entries, bytes.length - start, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  const tensors = entries.map((tensor): [string, Tensor] => [tensor.name, readTensor(view, tensor, name)]);
  return { tensors: Object.fromEntries(tensors), metadata };
}

function broken(name: string, what: string, cause?: unknown): SurefootError {
  return new SurefootError("file", `${name}: not a whole safetensors file (${what}); save or copy it again`, { cause });
}

interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly start: number;
}

function readHeader(bytes: Uint8Array<ArrayBuffer>, name: string): Header {
  if (bytes.length < 8) throw broken(name, `${bytes.length} bytes`);
  const size = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (size > MAX_HEADER_BYTES) throw broken(name, `a header of ${size} bytes is claimed`);
  const start = 8 + Number(size);
  if (start > bytes.length) throw broken(name, "truncated inside the header");
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (cause) {
    throw broken(name, "the header is not JSON", cause);
  }
  const object = z.record(z.string(), z.unknown()).safeParse(json);
  if (!object.success) throw broken(name, "the header is not an object");
  const { [METADATA]: rawMetadata = {}, ...rawEntries } = object.data;
  const metadata = metadataMap.safeParse(rawMetadata);
  if (!metadata.success) throw broken(name, `${METADATA} is not a map from text to text`);
  const entries = Object.entries(rawEntries).map(([tensor, raw]) => {
    const parsed = entry.safeParse(raw);
    if (parsed.success) return { name: tensor, ...parsed.data };
    const issue = parsed.error.issues[0];
    throw broken(name, `tensor ${tensor}: ${[...issue.path, issue.message].join(": ")}`);
  });
  return { entries, metadata: metadata.data, start };
}

/** The tensors' ranges must tile the buffer: none outside, no overlap, no gap (so a repeated name cannot hide bytes either). */
function checkRanges(entries: readonly Entry[], size: number, name: string): void {
  let end = 0;
  for (const tensor of entries.toSorted(
    (a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  )) {
    const [from, to] = tensor.data_offsets;
    if (to < from) throw broken(name, `tensor ${tensor.name}: ends at ${to}, before its start ${from}`);
    if (to > size) throw broken(name, `tensor ${tensor.name}: bytes ${from} to ${to}, but the file has ${size}`);
    if (from < end) throw broken(name, `tensor ${tensor.name}: overlaps the tensor before it`);
    if (from > end) throw broken(name, `bytes ${end} to ${from} belong to no tensor`);
    end = to;
  }
  if (end < size) throw broken(name, `bytes ${end} to ${size} belong to no tensor`);
}

function readTensor(
  view: DataView,
  { name: tensor, dtype, shape, data_offsets: [from, to] }: Entry,
  name: string,
): Tensor {
  const type = Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype] : undefined;
  if (type === undefined) {
    throw new SurefootError(
      "data",
      `${name}, tensor ${tensor}: dtype ${dtype} is not supported; save it as one of ${Object.keys(DTYPES).join(", ")}`,
    );
  }
  const entries = product(shape);
  checkEntries(entries, 1, `${name}, tensor ${tensor}`);
  if (entries * type.bytes !== to - from) {
    throw broken(
      name,
      `tensor ${tensor}: shape [${shape}] of ${dtype} needs ${entries * type.bytes} bytes, not ${to - from}`,
    );
  }
  const data = new Float64Array(entries);
  for (let i = 0; i < entries; i++) {
    data[i] = type.read(view, from + i * type.bytes);
    if (!Number.isFinite(data[i])) {
      throw new SurefootError(
        "data",
        `${name}, tensor ${tensor}: entry ${i} (counted from 0) is ${data[i]}; weights must be finite`,
      );
    }
  }
  return { shape, data };
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, side) => total * side, 1);
}
