import type { Fact, History } from './history.js';

/** A history as text, one fact per line; 64-bit numbers as `{"$big":"…"}`. */
export function encode(history: History): string {
  return history.map((fact) => `${encodeFact(fact)}\n`).join('');
}

export function encodeFact(fact: unknown): string {
  return JSON.stringify(fact, (_, value: unknown) =>
    typeof value === 'bigint' ? { $big: value.toString() } : value,
  );
}

export function decode(text: string): Fact[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line, (_, value) => (isBig(value) ? BigInt(value.$big) : value)) as Fact);
}

function isBig(value: unknown): value is { $big: string } {
  return typeof value === 'object' && value !== null && '$big' in value;
}
