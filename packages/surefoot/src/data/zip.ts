/**
 * Reading ZIP archives as NumPy writes them: entries stored or deflated, ZIP64 sizes allowed, no encryption (PKWARE APPNOTE 6.3).
 * The directory and the checksums are read here because fflate does not check CRC-32, and a flipped bit must not become a label.
 */
import { inflateSync } from "fflate";
import { SurefootError } from "../error.ts";
import { MAX_FILE_BYTES } from "./file-system.ts";

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly headerAt: number;
}

/** Opens an archive: each entry by name, unpacked and checked when it is asked for. Both throw `file` for damaged bytes. */
export function openZip(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
): ReadonlyMap<string, () => Uint8Array<ArrayBuffer>> {
  return new Map(
    readDirectory(bytes, name).map((entry) => [entry.name, () => unpack(bytes, entry, `${name}, entry ${entry.name}`)]),
  );
}

const damaged = (where: string, what: string, cause?: unknown) =>
  new SurefootError("file", `${where}: ${what}; the file is truncated or damaged, save or copy it again`, { cause });

function readDirectory(bytes: Uint8Array<ArrayBuffer>, name: string): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || (view.getUint32(0, true) !== 0x04034b50 && view.getUint32(0, true) !== 0x06054b50)) {
    throw new SurefootError("file", `${name}: not an archive (.npz); save it with numpy.savez`);
  }
  const end = findEnd(view);
  if (end < 0) throw damaged(name, "the archive has no directory at its end");
  let total = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if ((total === 0xffff || at === 0xffffffff) && end >= 20 && view.getUint32(end - 20, true) === 0x07064b50) {
    const end64 = Number(view.getBigUint64(end - 12, true));
    if (!(end64 + 56 <= bytes.length) || view.getUint32(end64, true) !== 0x06064b50) {
      throw damaged(name, "the ZIP64 directory is not where the archive says");
    }
    total = Number(view.getBigUint64(end64 + 32, true));
    at = Number(view.getBigUint64(end64 + 48, true));
  }
  const entries: Entry[] = [];
  for (let i = 0; i < total; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) throw damaged(name, "the directory is incomplete");
    const next =
      at + 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) throw damaged(name, "the directory is incomplete");
    entries.push(readEntry(view, bytes, at));
    at = next;
  }
  return entries;
}

/** Position of the end-of-directory record: the last one whose comment reaches exactly to the end of the file; −1 without one. */
function findEnd(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === 0x06054b50 && at + 22 + view.getUint16(at + 20, true) === view.byteLength)
      return at;
  }
  return -1;
}

function readEntry(view: DataView, bytes: Uint8Array, at: number): Entry {
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const sizes = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  // ZIP64: fields that read 0xffffffff stand in extra field 1, in this order (APPNOTE 4.5.3).
  const extraEnd = at + 46 + nameLength + extraLength;
  for (let extra = at + 46 + nameLength; extra + 4 <= extraEnd; extra += 4 + view.getUint16(extra + 2, true)) {
    if (view.getUint16(extra, true) !== 1) continue;
    let field = extra + 4;
    for (let k = 0; k < sizes.length; k++) {
      if (sizes[k] !== 0xffffffff || field + 8 > extraEnd) continue;
      sizes[k] = Number(view.getBigUint64(field, true));
      field += 8;
    }
  }
  return {
    name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    size: sizes[0],
    compressedSize: sizes[1],
    headerAt: sizes[2],
  };
}

function unpack(bytes: Uint8Array<ArrayBuffer>, entry: Entry, where: string): Uint8Array<ArrayBuffer> {
  if (entry.size > MAX_FILE_BYTES) {
    throw new SurefootError(
      "file",
      `${where}: ${entry.size} bytes unpacked are more than the ${MAX_FILE_BYTES} that fit`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { headerAt } = entry;
  if (!(headerAt + 30 <= bytes.length) || view.getUint32(headerAt, true) !== 0x04034b50) {
    throw damaged(where, "its header is missing");
  }
  if (view.getUint16(headerAt + 6, true) & 1) {
    throw new SurefootError("file", `${where}: is encrypted; save the archive without a password`);
  }
  const start = headerAt + 30 + view.getUint16(headerAt + 26, true) + view.getUint16(headerAt + 28, true);
  if (!(start + entry.compressedSize <= bytes.length)) throw damaged(where, "its bytes end early");
  const packed = bytes.subarray(start, start + entry.compressedSize);
  const content = entry.method === 0 ? packed : inflate(packed, entry, where);
  if (content.length !== entry.size) throw damaged(where, `${content.length} bytes instead of ${entry.size}`);
  if (crc32(content) !== entry.crc) throw damaged(where, "its checksum does not match its bytes");
  return content;
}

function inflate(packed: Uint8Array<ArrayBuffer>, entry: Entry, where: string): Uint8Array<ArrayBuffer> {
  if (entry.method !== 8) {
    throw new SurefootError(
      "file",
      `${where}: compression method ${entry.method} is not supported; use numpy.savez_compressed`,
    );
  }
  // Deflate packs at most 1032 : 1, so a larger claim is a lie and must not be allocated.
  if (entry.size > packed.length * 1032 + 64) throw damaged(where, `${entry.size} bytes claimed from ${packed.length}`);
  try {
    return inflateSync(packed, { out: new Uint8Array(entry.size) });
  } catch (cause) {
    throw damaged(where, "its compressed bytes cannot be read", cause);
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 (ISO 3309) of the bytes. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
