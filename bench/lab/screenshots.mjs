// Screenshots of every view in both themes at three sizes, and a contact sheet for each: node bench/lab/screenshots.mjs FOLDER
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startLab } from "./browser.mjs";

const folder = process.argv[2];
if (!folder) throw new Error("name a folder: node bench/lab/screenshots.mjs FOLDER");
mkdirSync(folder, { recursive: true });

const EXPERIMENT = "data=separated:n=5,d=2,delta=0.6&network=two-layer-relu:1024&init=antisymmetric&steps=100&speed=0";
const VIEWS = ["curves", "kernel", "spectrum", "drift", "patterns", "circle", "ball"];
const SIZES = { phone: [390, 844], tablet: [900, 1100], desktop: [1440, 900] };

const { address, browser, close } = await startLab();
try {
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    for (const theme of ["light", "dark"]) {
      const names = [];
      const page = await browser.newPage({ viewport: { width, height } });
      for (const view of VIEWS) {
        await page.goto("about:blank");
        await page.goto(`${address}#${EXPERIMENT}&theme=${theme}&view=${view}`);
        await page.getByText("The run has ended").waitFor({ timeout: 60_000 });
        await page.locator("#panel canvas").first().waitFor();
        await page.waitForTimeout(700);
        names.push(join(folder, `${view}-${theme}-${size}.png`));
        await page.screenshot({ path: names.at(-1), fullPage: size === "phone" });
      }
      const images = names.map((name) => `<img src="data:image/png;base64,${readFileSync(name, "base64")}">`);
      await page.setViewportSize({ width: 1800, height: 900 });
      const columns = size === "desktop" ? 3 : size === "tablet" ? 4 : 7;
      const grid = `display:grid;grid-template-columns:repeat(${columns},1fr);gap:8px;align-items:start`;
      await page.goto("about:blank");
      await page.setContent(`<style>img{width:100%}</style><div style="${grid}">${images.join("")}</div>`);
      await page.screenshot({ path: join(folder, `sheet-${theme}-${size}.png`), fullPage: true });
      await page.close();
    }
  }
} finally {
  await close();
}
