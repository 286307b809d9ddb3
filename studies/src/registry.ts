import { SurefootError } from "surefoot";
import type { Study } from "./study.ts";

/** One line per study, in the order of the gallery: its id, and how it is loaded. */
const STUDIES: readonly (readonly [string, () => Promise<{ readonly study: Study }>])[] = [
  ["du18", () => import("./du18/study.ts")],
  ["lambda0-sphere", () => import("./lambda0-sphere/study.ts")],
  ["lambda0-separation", () => import("./lambda0-separation/study.ts")],
  ["lambda0-collision", () => import("./lambda0-collision/study.ts")],
  ["hoeffding", () => import("./hoeffding/study.ts")],
  ["deep-depth", () => import("./deep-depth/study.ts")],
  ["random-labels", () => import("./random-labels/study.ts")],
  ["deep-drift", () => import("./deep-drift/study.ts")],
  ["flow-kernel", () => import("./flow-kernel/study.ts")],
  ["init-law", () => import("./init-law/study.ts")],
  ["pl-figures", () => import("./pl-figures/study.ts")],
  ["certify-width", () => import("./certify-width/study.ts")],
  ["certify-step", () => import("./certify-step/study.ts")],
  ["certify-follow", () => import("./certify-follow/study.ts")],
  ["optimisers", () => import("./optimisers/study.ts")],
  ["pl-event", () => import("./pl-event/study.ts")],
  ["deep-lemmas", () => import("./deep-lemmas/study.ts")],
  ["zou-properties", () => import("./zou-properties/study.ts")],
];

/** All studies, loaded. */
export async function allStudies(): Promise<readonly Study[]> {
  return Promise.all(STUDIES.map(async ([, load]) => (await load()).study));
}

/** The study of that id or alias; throws `argument` naming those there are. */
export async function findStudy(id: string): Promise<Study> {
  const studies = await allStudies();
  const found = studies.find((study) => study.id === id || study.aliases?.includes(id));
  if (found) return found;
  const names = studies.map((study) => study.id).join(", ");
  throw new SurefootError("argument", `there is no study "${id}"; there are ${names}`);
}
