import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Served, serve } from "./browser.ts";

let lab: Served;
beforeAll(async () => {
  lab = await serve();
});
afterAll(() => lab.close());

/** As fetch, but paths and host names go out as they are. */
function ask(path: string, options: { method?: string; host?: string } = {}) {
  const { hostname, port, host } = new URL(lab.address);
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const headers = { host: options.host ?? host };
    const asked = request({ hostname, port, path, method: options.method ?? "GET", headers }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on("error", reject).end();
  });
}

test("the page comes cross-origin isolated, under a policy without inline or foreign code", async () => {
  const { status, headers, body } = await ask("/");
  expect(status).toBe(200);
  expect(body).toContain("Surefoot lab");
  expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
  expect(headers["cross-origin-embedder-policy"]).toBe("require-corp");
  const policy = String(headers["content-security-policy"]);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|\*|https?:/);
});

test("the server answers on this machine only, and listens to 127.0.0.1", async () => {
  expect(new URL(lab.address).hostname).toBe("127.0.0.1");
  expect((await ask("/", { host: "elsewhere.example" })).status).toBe(403);
  expect((await ask("/", { method: "POST" })).status).toBe(405);
});

test("nothing outside the built files can be read", async () => {
  for (const path of [
    "/../package.json",
    "/..%2fpackage.json",
    "/assets/../../package.json",
    "/%00",
    "/%E0%A4%A",
    "/assets",
    "/absent.js",
  ]) {
    expect((await ask(path)).status, path).toBe(404);
  }
});

test("the data extracts and their licences come with the page", async () => {
  for (const name of ["mnist-1000.npz", "iris.csv", "LICENSE-mnist", "LICENSE-iris"]) {
    expect((await ask(`/data/${name}`)).status, name).toBe(200);
  }
});
