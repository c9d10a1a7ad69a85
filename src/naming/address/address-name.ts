import { posix } from 'node:path';
import { type ParsedAddress, parseAddress } from './parse-address.js';

/** The name of an address that can be dialled, equal for all spellings of it. */
export function nameOfParsed(parsed: Exclude<ParsedAddress, { readonly problem: string }>): string {
  return 'tcp' in parsed ? parsed.name : `unix:${posix.normalize(parsed.socket.path)}`;
}

/** The name of an address, equal for all spellings of it; the text itself if it cannot be dialled. */
export function addressName(addr: string): string {
  const parsed = parseAddress(addr);
  return 'problem' in parsed ? addr : nameOfParsed(parsed);
}
