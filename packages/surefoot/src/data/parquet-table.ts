import { gunzipSync } from "fflate";
import { type FileMetaData, parquetMetadataAsync, parquetScan, type SchemaElement } from "hyparquet";
import { SurefootError } from "../error.ts";

const CODECS = ["UNCOMPRESSED", "SNAPPY", "GZIP"];

/** A Parquet file whose columns are decoded when they are asked for. */
export interface ParquetTable {
  readonly rows: number;
  readonly columns: readonly SchemaElement[];
  readonly metadata: FileMetaData;
  /** Calls `visit` with every value of a column (null where it is missing) and its row, in order. What `visit` throws is passed on. */
  forEach(column: string, visit: (value: unknown, row: number) => void): Promise<void>;
}

/** Opens a file of flat columns. Throws `file` for bytes that are no whole Parquet file, `data` for nested columns. */
export async function openParquet(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<ParquetTable> {
  const file = {
    byteLength: bytes.length,
    slice: (start: number, end?: number) => bytes.slice(start, end).buffer,
  };
  const metadata = await parquetMetadataAsync(file).catch((cause: unknown) => {
    throw broken(name, "not a whole Parquet file", cause);
  });
  checkSchema(metadata, name);
  const rows = Number(metadata.num_rows);
  const scan = await parquetScan({ file, metadata, compressors: { GZIP: (input) => gunzipSync(input) } });
  const forEach = async (column: string, visit: (value: unknown, row: number) => void) => {
    let next = 0;
    for (const range of scan.ranges) {
      const values = await scan.readColumn({ column, ...range }).catch((cause: unknown) => {
        throw broken(`${name}, column ${column}`, "cannot be decoded", cause);
      });
      for (let i = 0; i < values.length; i++) visit(values[i] ?? null, next++);
    }
    if (next !== rows) throw broken(`${name}, column ${column}`, `has ${next} values instead of ${rows}`);
  };
  return { rows, columns: metadata.schema.slice(1), metadata, forEach };
}

function broken(where: string, what: string, cause?: unknown): SurefootError {
  const detail = cause instanceof Error ? ` (${cause.message})` : "";
  return new SurefootError("file", `${where}: ${what}${detail}; write or copy the file again`, { cause });
}

function checkSchema({ schema, row_groups }: FileMetaData, name: string): void {
  const nested = schema.slice(1).find((column) => column.type === undefined || column.repetition_type === "REPEATED");
  if (nested !== undefined) {
    throw new SurefootError("data", `${name}: column ${nested.name} is nested; write one flat column per input`);
  }
  for (const { meta_data } of row_groups.flatMap((group) => group.columns)) {
    if (meta_data !== undefined && !CODECS.includes(meta_data.codec)) {
      throw new SurefootError(
        "file",
        `${name}: compression ${meta_data.codec} is not supported; write it with ${CODECS.slice(1).join(" or ")} compression`,
      );
    }
  }
}
