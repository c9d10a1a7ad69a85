import type { Random } from '../../sim/random.js';

/** An entry with a small change, or parts of two. Characters below U+0100 stay below, so that they may be bytes. */
export function mutateEntry(random: Random, entries: readonly string[]): string {
  let text = random.pick(entries);
  for (let changes = random.between(1, 3); changes > 0; changes--)
    text = random.pick(changesOf)(text, random, random.pick(entries));
  return text;
}

type Change = (text: string, random: Random, other: string) => string;

const changesOf: readonly Change[] = [flipBit, removePart, repeatPart, splice, movePart];

function flipBit(text: string, random: Random): string {
  if (text === '') return text;
  const at = random.between(0, text.length - 1);
  const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << random.between(0, 6)));
  return text.slice(0, at) + flipped + text.slice(at + 1);
}

function removePart(text: string, random: Random): string {
  const [from, to] = part(text, random);
  return text.slice(0, from) + text.slice(to);
}

function repeatPart(text: string, random: Random): string {
  const [from, to] = part(text, random);
  return text.slice(0, to) + text.slice(from);
}

function movePart(text: string, random: Random): string {
  const [from, to] = part(text, random);
  const rest = text.slice(0, from) + text.slice(to);
  const at = random.between(0, rest.length);
  return rest.slice(0, at) + text.slice(from, to) + rest.slice(at);
}

function splice(text: string, random: Random, other: string): string {
  return text.slice(0, random.between(0, text.length)) + other.slice(random.between(0, other.length));
}

/** At most 12 characters. */
function part(text: string, random: Random): readonly [from: number, to: number] {
  const from = random.between(0, text.length);
  return [from, random.between(from, Math.min(text.length, from + 12))];
}
