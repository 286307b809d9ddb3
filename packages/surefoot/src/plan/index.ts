export { type LeastWidth, type LeastWidthOptions, leastWidth } from "./least-width.ts";
export { PLAN_STARTS, type Plan, type PlanOptions, type PlanStart, plan, type WidthPlan } from "./plan.ts";
export type { PredictedWidth } from "./predict-width.ts";
export type { ScalePlan } from "./scale.ts";
export type { PlannedSteps } from "./steps.ts";
