import { escapeControls } from '../../../errors/index.js';
import type { KeyValue } from '../../../model/index.js';

const maxExcerptLength = 200;

/** For people: the start of what a record holds, fit for a terminal or a log. */
export function valueExcerpt({ value }: KeyValue): string {
  // A character has at most three bytes, or four where it counts as two.
  return escapeControls(value.toString('utf8', 0, 3 * maxExcerptLength).slice(0, maxExcerptLength));
}

/** @param isSameAddr Whether it has the registration's own address, as that of another process which shares the port. */
export function waitingText(key: string, kv: KeyValue, isSameAddr: boolean): string {
  const text = `'${key}' is another's record, which is waited for to go: ${valueExcerpt(kv)}`;
  return isSameAddr ? `${text}; ${sameAddrText}` : text;
}

export function conflictText(key: string, kv: KeyValue): string {
  return `'${key}' is another's record, and is left to it: ${valueExcerpt(kv)}`;
}

export function replacedText(key: string, kv: KeyValue, isSameAddr: boolean): string {
  const text = `'${key}' was written over by another: ${valueExcerpt(kv)}`;
  return isSameAddr ? `${text}; ${sameAddrText}` : text;
}

const sameAddrText =
  'it has this registration’s own address: processes that share an address need an id each (the option id of register)';
