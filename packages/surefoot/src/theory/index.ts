export { likeliestBox, log10Draws, logBoxProbability } from "./box-event.ts";
export {
  type Basis,
  type ClaimRow,
  type ClaimVerdict,
  type Desk,
  type DeskSeries,
  judge,
  PAPERS,
  type Paper,
  type Prescription,
} from "./desk.ts";
export { DESKS } from "./desks.ts";
export { type ExplainOptions, type Explanation, explain } from "./explain.ts";
export type { DeskObserver, DeskRequest, PaperDesk, RunSummary } from "./request.ts";
