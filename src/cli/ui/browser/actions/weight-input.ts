/** What a user entered as a weight: the number, or why it is none, in a sentence. */
export type WeightInput = { readonly weight: number } | { readonly problem: string };

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export function parseWeight(text: string): WeightInput {
  const trimmed = text.trim();
  if (trimmed === '') return { problem: 'Enter a number.' };
  if (/^\d+,\d+$/.test(trimmed)) return { problem: 'Write a point instead of the comma.' };
  if (!decimal.test(trimmed)) return { problem: 'This is not a decimal number.' };
  const weight = Number(trimmed);
  if (weight < 0) return { problem: 'A weight is 0 or more.' };
  if (weight > Number.MAX_SAFE_INTEGER) return { problem: `A weight is at most ${Number.MAX_SAFE_INTEGER}.` };
  // -0 is written as 0.
  return { weight: weight || 0 };
}
