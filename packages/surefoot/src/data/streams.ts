/**
 * Streams of the counter-based generator that belong to data. Weights use the small numbers (random/streams.ts), so that data and
 * weights of the same seed are independent.
 */
export const STREAMS = {
  subsample: 0xda7a0000,
  randomLabels: 0xda7a0001,
  inputs: 0xda7a0002,
  labels: 0xda7a0003,
  direction: 0xda7a0004,
  centres: 0xda7a0005,
} as const;
