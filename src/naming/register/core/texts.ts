import { escapeControls } from '../../../errors/index.js';
import type { KeyValue } from '../../../model/index.js';

const shownLength = 200;

/** For people: the start of what a record holds, fit for a terminal or a log. */
export function textOf({ value }: KeyValue): string {
  // A character has at most three bytes, or four where it counts as two.
  return escapeControls(value.toString('utf8', 0, 3 * shownLength).slice(0, shownLength));
}

/** @param isSameAddr Whether it has the registration's own address, as that of another process which shares the port. */
export function waitingText(key: string, kv: KeyValue, isSameAddr: boolean): string {
  const text = `'${key}' is another's record, which is waited for to go: ${textOf(kv)}`;
  return isSameAddr ? `${text}; ${sameAddrText}` : text;
}

export function leftText(key: string, kv: KeyValue): string {
  return `'${key}' is another's record, and is left to it: ${textOf(kv)}`;
}

export function replacedText(key: string, kv: KeyValue, isSameAddr: boolean): string {
  const text = `'${key}' was written over by another: ${textOf(kv)}`;
  return isSameAddr ? `${text}; ${sameAddrText}` : text;
}

const sameAddrText =
  'it has this registration’s own address: processes that share an address need an id each (the option id of register)';
