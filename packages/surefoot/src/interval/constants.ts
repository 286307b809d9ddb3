import type { Interval } from "./arithmetic.ts";
import { powerOfTwo } from "./directed.ts";

/**
 * Constants as whole numbers times powers of two: pairs are high + low with an error below 2⁻¹⁰⁴ of the constant, intervals have
 * neighbouring doubles as ends. The tests recompute each of them in integers.
 */

/** ln 2 = LN2_1 + LN2_2 + LN2_3 up to 2⁻¹²¹. The first two have 32 significant bits: k·LN2_1, k·LN2_2 are exact for |k| < 2²⁰. */
export const LN2_1 = 372130559 * powerOfTwo(-29);
export const LN2_2 = -3099728209 * powerOfTwo(-66);
export const LN2_3 = 5567270558885357 * powerOfTwo(-121);
export const LN2_HIGH = 6243314768165359 * powerOfTwo(-53);
export const LN2_LOW = 7525737178955839 * powerOfTwo(-108);
/** 1/ln 2, rounded. */
export const LOG2_E = 3248660424278399 * powerOfTwo(-51);
export const HALF_PI_HIGH = 884279719003555 * powerOfTwo(-49);
export const HALF_PI_LOW = 4967757600021511 * powerOfTwo(-106);
/** 2/√π. */
export const TWO_OVER_ROOT_PI_HIGH = 5081767996463981 * powerOfTwo(-52);
export const TWO_OVER_ROOT_PI_LOW = 38880009166811 * powerOfTwo(-101);

/** π. */
export const PI: Interval = { lower: 884279719003555 * powerOfTwo(-48), upper: 7074237752028441 * powerOfTwo(-51) };
/** π/2. */
export const HALF_PI: Interval = {
  lower: 884279719003555 * powerOfTwo(-49),
  upper: 7074237752028441 * powerOfTwo(-52),
};
/** ln 2. */
export const LN2: Interval = { lower: 6243314768165359 * powerOfTwo(-53), upper: 390207173010335 * powerOfTwo(-49) };
/** 1/√2. */
export const ROOT_HALF: Interval = {
  lower: 1592262918131443 * powerOfTwo(-51),
  upper: 6369051672525773 * powerOfTwo(-53),
};
/** 1/√(2π). */
export const INVERSE_ROOT_TWO_PI: Interval = {
  lower: 449169076339557 * powerOfTwo(-50),
  upper: 7186705221432913 * powerOfTwo(-54),
};
