/** The IDX format of MNIST (LeCun, Cortes & Burges): 0, 0, type, number of dimensions, big-endian lengths, then unsigned bytes. */
import { SurefootError } from "../error.ts";
import { MAX_FILE_BYTES } from "./file-system.ts";
import { baseName, checkEntries, type Samples, samplesFrom } from "./samples.ts";

interface IdxFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly path: string;
}

/** Samples from a file of images (pixels become v/255, each image one row) and a file of labels; either may be gzipped. */
export async function idxSamples(images: IdxFile, labels: IdxFile): Promise<Samples> {
  const x = await readIdx(images);
  const y = await readIdx(labels);
  const [xName, yName] = [baseName(images.path), baseName(labels.path)];
  if (x.shape.length < 2) {
    throw new SurefootError(
      "data",
      `${xName}: ${x.shape.length} dimension, but images have 2 or more; name the images first`,
    );
  }
  if (y.shape.length !== 1) {
    throw new SurefootError(
      "data",
      `${yName}: ${y.shape.length} dimensions, but labels have 1; name the labels second`,
    );
  }
  const [rows, ...rest] = x.shape;
  const cols = rest.reduce((product, length) => product * length, 1);
  const data = Float64Array.from(x.data, (pixel) => pixel / 255);
  return samplesFrom({ rows, cols, data }, Float64Array.from(y.data), `${xName},${yName}`, ["pixels / 255"]);
}

async function readIdx({ bytes: file, path }: IdxFile): Promise<{ shape: number[]; data: Uint8Array }> {
  const name = baseName(path);
  const bytes = file[0] === 0x1f && file[1] === 0x8b ? await gunzip(file, name) : file;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) {
    const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new SurefootError("file", `${name}: not an IDX file (it starts with ${start || "nothing"}, not with 00 00)`);
  }
  if (bytes[2] !== 8) {
    throw new SurefootError(
      "file",
      `${name}: IDX type 0x${bytes[2].toString(16)} is not supported; unsigned bytes (0x8) are`,
    );
  }
  const dimensions = bytes[3];
  const start = 4 + 4 * dimensions;
  if (dimensions === 0 || bytes.length < start) {
    throw new SurefootError("file", `${name}: truncated inside the header; copy the file again`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, k) => view.getUint32(4 + 4 * k));
  const entries = shape.reduce((product, length) => product * length, 1);
  checkEntries(entries, 1, `${name}: ${shape.join(" × ")}`);
  if (bytes.length - start !== entries) {
    throw new SurefootError(
      "file",
      `${name}: ${shape.join(" × ")} needs ${entries} bytes but the file has ${bytes.length - start}; copy the file again`,
    );
  }
  return { shape, data: bytes.subarray(start) };
}

/** Unpacks gzip with the platform's own stream, which checks the checksum; stops when the content grows past what is read. */
async function gunzip(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      chunks.push(next.value);
      size += next.value.length;
      if (size > MAX_FILE_BYTES) throw new SurefootError("file", `${name}: more than ${MAX_FILE_BYTES} bytes unpacked`);
    }
  } catch (cause) {
    await reader.cancel().catch(() => undefined);
    if (cause instanceof SurefootError) throw cause;
    throw new SurefootError("file", `${name}: the gzip stream is truncated or damaged; copy the file again`, { cause });
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
