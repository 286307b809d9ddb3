import { chatterjee } from "./chatterjee.ts";
import { du2018 } from "./du-2018.ts";
import { du2019 } from "./du-2019.ts";
import { flow } from "./flow.ts";
import type { Tour } from "./tour.ts";
import { zou } from "./zou.ts";

/** One for each document. */
export const TOURS: readonly Tour[] = [du2018, flow, du2019, zou, chatterjee];
