export { buildGallery, type GalleryResult } from "./gallery.ts";
export { type PerformOptions, perform, type Terminal } from "./perform.ts";
export { allStudies, findStudy } from "./registry.ts";
export { type RunStudyOptions, runStudy, type StudyResult, type Verdict } from "./run-study.ts";
export type { Cell, CellContext, Claim, Conclusion, Form, Judgement, Plan, Row, Study, Tables } from "./study.ts";
