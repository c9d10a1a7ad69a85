import type { JsonValue } from '../naming/endpoint.js';

/**
 * Returns the whole number that is stored for an endpoint's weight, in a format in which `unit` is the default and so
 * stands for the weight 1. Undefined for what it cannot express: other types, 0, and shares of less than one unit part. A
 * share such as 0.29 times 100 is not exactly a whole number in floating-point.
 */
export function wholeWeight(value: JsonValue, unit: number): number | undefined {
  if (typeof value !== 'number') return undefined;
  const stored = Math.round(value * unit);
  const isExact = Number.isSafeInteger(stored) && Math.abs(stored / unit - value) < 1e-9;
  return isExact && stored >= 1 ? stored : undefined;
}
