import { chatterjee2022 } from "./chatterjee2022.ts";
import { du2018 } from "./du2018.ts";
import { du2019 } from "./du2019.ts";
import { flow } from "./flow.ts";
import type { PaperDesk } from "./request.ts";
import { zou2019 } from "./zou2019.ts";

/** The desks that there are, in the order in which they are shown. To add a paper is to write its file and a line here. */
export const DESKS: readonly PaperDesk[] = [du2018, flow, du2019, zou2019, chatterjee2022];
