export { renderReport } from "./render-report.ts";
export { reportHtml } from "./report-html.ts";
export type { ReportCertificate, ReportData, ReportHypothesis, ReportInput, ReportRun } from "./report-input.ts";
