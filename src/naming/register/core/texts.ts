import type { KeyValue } from '../../../model/index.js';

/** For people: the start of what a record holds. */
export function textOf(kv: KeyValue): string {
  return kv.value.toString('utf8').slice(0, 200);
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
