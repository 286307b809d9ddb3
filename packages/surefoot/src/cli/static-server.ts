import { createReadStream, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { SurefootError } from "../error.ts";

export interface StaticServer {
  /** "http://127.0.0.1:4180/". */
  readonly address: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".csv": "text/csv; charset=utf-8",
};

/** Cross-origin isolated, so that the page may share memory between threads; nothing from elsewhere, no frames. */
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; " +
    "img-src 'self' blob: data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
} as const;

/** Serves the files of a folder on 127.0.0.1, on the first of the ports that is free (0: any). Throws `argument` where none is. */
export async function serveFolder(folder: string, ports: readonly number[]): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string) => {
      response.writeHead(status, { ...HEADERS, "Content-Type": "text/plain; charset=utf-8" }).end(text);
    };
    // Another site's name that resolves to this machine must not reach it.
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? "")) return answer(403, "forbidden\n");
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "only GET\n");
    const file = fileOf(folder, request.url ?? "/");
    if (!file) return answer(404, "not found\n");
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    // Names of assets hold a hash of their content; everything else may change with the next version.
    const hashed = file.includes(`${sep}assets${sep}`);
    response.writeHead(200, {
      ...HEADERS,
      "Content-Type": type,
      "Content-Length": statSync(file).size,
      "Cache-Control": hashed ? "public, max-age=31536000, immutable" : "no-cache",
    });
    if (request.method === "HEAD") response.end();
    else
      createReadStream(file)
        .on("error", () => response.destroy())
        .pipe(response);
  });
  const port = await listen(server, ports);
  return {
    address: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, ports: readonly number[]): Promise<number> {
  for (const port of ports) {
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once("error", resolve);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", resolve);
        resolve(undefined);
      });
    });
    if (!failure) return (server.address() as AddressInfo).port;
    if (failure.code !== "EADDRINUSE" && failure.code !== "EACCES") throw failure;
  }
  throw new SurefootError("argument", `port ${ports.join(", ")} is taken or not allowed; name another one with --port`);
}

/** The file that an address names, or undefined: only files inside the folder. */
function fileOf(folder: string, url: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(url.split(/[?#]/)[0]);
  } catch {
    return undefined;
  }
  if (path.includes("\0")) return undefined;
  const file = normalize(join(folder, path.endsWith("/") ? `${path}index.html` : path));
  if (!file.startsWith(folder + sep)) return undefined;
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}
