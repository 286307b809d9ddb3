/** First address that the module's constants do not use: the arena of src/wasm/arena.ts starts above it. */
export function heapBase(): usize {
  return __heap_base;
}
