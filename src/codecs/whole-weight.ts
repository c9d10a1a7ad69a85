import type { JsonValue } from '../naming/endpoint.js';

/** Up to this number, a stored weight is a number of this package and back without being rounded. */
const maxStored = 10 ** 15 - 1;

/** Returns the weight of a stored whole number. A greater number than any that is written is read as the greatest one. */
export function weightOfWhole(stored: number, unit: number): number {
  return Math.min(stored, maxStored) / unit;
}

/**
 * Returns the whole number that is stored for an endpoint's weight, in a format in which `unit` is the default and so
 * stands for the weight 1. Undefined for what it cannot express: other types, 0, shares of less than one unit part, and
 * more than 15 digits. A share such as 0.29 times 100 is not exactly a whole number in floating-point.
 */
export function wholeWeight(value: JsonValue, unit: number): number | undefined {
  if (typeof value !== 'number') return undefined;
  const stored = Math.round(value * unit);
  const isExact = stored <= maxStored && Math.abs(stored / unit - value) < 1e-9;
  return isExact && stored >= 1 ? stored : undefined;
}
