import { isWildcard, type ParsedAddress, parseAddress } from '../../internal.js';
import type { StoredRecord } from '../records.js';
import { type Finding, some, warning } from './finding.js';

interface Read {
  readonly id: string;
  readonly addr: string;
  readonly parsed: ParsedAddress;
}

/** Addresses that are not dialled as their writers may think. */
export function checkSpelling(records: readonly StoredRecord[]): Finding[] {
  const read = records.flatMap(({ id, endpoint }): Read[] =>
    endpoint ? [{ id, addr: endpoint.addr, parsed: parseAddress(endpoint.addr) }] : [],
  );
  const where = (test: (one: Read) => boolean) => read.filter(test);
  return [
    ...undiallable(where(({ parsed }) => 'problem' in parsed)),
    ...finding(
      where(({ parsed }) => 'socket' in parsed),
      'a socket file',
      'only a resolver with allowUnix dials it, and only on that host',
    ),
    ...finding(
      where(({ parsed }) => 'tcp' in parsed && !parsed.hasPort),
      'no port, so gRPC takes 443',
      'store host:port',
    ),
    ...finding(
      where(({ parsed }) => 'tcp' in parsed && (!parsed.hasHost || isWildcard(parsed.tcp.host))),
      'a wildcard address, which is each caller’s own host',
      'register the address that callers reach',
    ),
    ...finding(repeated(read), 'an address that another record has, too', 'a resolver dials it once'),
  ];
}

function undiallable(those: readonly Read[]): Finding[] {
  if (those.length === 0) return [];
  const list = those.map(({ id, addr, parsed }) => {
    const why = 'problem' in parsed ? parsed.problem : '';
    return `'${id}' (${addr === '' ? 'no Addr' : `${addr}: ${why}`})`;
  });
  return [warning('records', `no address that can be dialled: ${some(list)}`, 'store host:port')];
}

function finding(those: readonly Read[], message: string, advice: string): Finding[] {
  if (those.length === 0) return [];
  return [
    warning('records', `${message}: ${some(those.map(({ id, addr }) => `'${id}' (${addr})`))}`, advice),
  ];
}

/** All but the first of those that are one address, in whichever spelling. */
function repeated(read: readonly Read[]): Read[] {
  const seen = new Set<string>();
  return read.filter(({ parsed }) => {
    if ('problem' in parsed) return false;
    if (seen.has(parsed.name)) return true;
    seen.add(parsed.name);
    return false;
  });
}
