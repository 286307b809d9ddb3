import { nodeDocument } from "../figure/node.ts";
import { reportHtml } from "./report-html.ts";
import type { ReportInput } from "./report-input.ts";

/** One run as a self-contained HTML page, outside a browser; a browser calls reportHtml with its own document. */
export function renderReport(run: ReportInput): string {
  return reportHtml(run, nodeDocument());
}
