import { escapeControls } from '../../../errors/index.js';
import type { KeyValue } from '../../../model/index.js';

const maxExcerptLength = 200;

/** The start of a record's value, for terminals and logs: 200 characters at most, control characters escaped. */
export function valueExcerpt({ value }: KeyValue): string {
  // A UTF-16 unit takes at most three bytes of UTF-8.
  return escapeControls(value.toString('utf8', 0, 3 * maxExcerptLength).slice(0, maxExcerptLength));
}

/** @param isSameAddr Whether the record has the registration's own address: another process may share the port. */
export function waitingText(key: string, kv: KeyValue, isSameAddr: boolean): string {
  const text = `'${key}' belongs to another registration; waiting until it is gone: ${valueExcerpt(kv)}`;
  return isSameAddr ? `${text}; ${sameAddrText}` : text;
}

export function conflictText(key: string, kv: KeyValue): string {
  return `'${key}' belongs to another registration: ${valueExcerpt(kv)}`;
}

export function replacedText(key: string, kv: KeyValue, isSameAddr: boolean): string {
  const text = `'${key}' was overwritten by another writer: ${valueExcerpt(kv)}`;
  return isSameAddr ? `${text}; ${sameAddrText}` : text;
}

const sameAddrText =
  'it has this registration’s own address: processes that share an address each need their own id (option id of register)';
