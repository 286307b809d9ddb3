export function powerLaw(
  x: readonly number[],
  y: readonly number[],
): { readonly slope: number; readonly lower: number; readonly upper: number; readonly points: number };
export function linearity(losses: readonly number[]): number;
