import { isWildcard, type ParsedAddress, parseAddress } from '../../internal.js';
import type { StoredRecord } from '../data/records.js';
import { joinSome } from '../output/text.js';
import { type Finding, warning } from './finding.js';

interface RecordAddress {
  readonly id: string;
  readonly addr: string;
  readonly parsed: ParsedAddress;
}

/**
 * Warns about addresses that cannot be dialled, or are dialled differently than their spelling suggests.
 * @param isExplained whether another finding says what to do about records without an address.
 */
export function checkAddresses(records: readonly StoredRecord[], isExplained: boolean): Finding[] {
  const addresses = records.flatMap(({ id, endpoint }): RecordAddress[] =>
    endpoint ? [{ id, addr: endpoint.addr, parsed: parseAddress(endpoint.addr) }] : [],
  );
  const where = (test: (address: RecordAddress) => boolean) => addresses.filter(test);
  return [
    ...checkUnusable(
      where(({ parsed }) => 'problem' in parsed),
      isExplained,
    ),
    ...findingFor(
      where(({ parsed }) => 'socket' in parsed),
      'a Unix socket',
      'only a resolver with allowUnix dials it, and only on the same host',
    ),
    ...findingFor(
      where(({ parsed }) => 'tcp' in parsed && !parsed.hasPort),
      'no port, so gRPC uses 443',
      'store host:port',
    ),
    ...findingFor(
      where(({ parsed }) => 'tcp' in parsed && (!parsed.hasHost || isWildcard(parsed.tcp.host))),
      'a wildcard address, which is each caller’s own host',
      'register the address that callers reach',
    ),
    ...findingFor(
      duplicatesIn(addresses),
      'the same address as another record',
      'a resolver dials the address once',
    ),
  ];
}

function checkUnusable(addresses: readonly RecordAddress[], isExplained: boolean): Finding[] {
  if (addresses.length === 0) return [];
  const list = addresses.map(({ id, addr, parsed }) => {
    const reason = 'problem' in parsed ? parsed.problem : '';
    return `'${id}' (${addr === '' ? 'no Addr' : `${addr}: ${reason}`})`;
  });
  return [
    warning('records', `no usable address: ${joinSome(list)}`, isExplained ? undefined : 'store host:port'),
  ];
}

function findingFor(addresses: readonly RecordAddress[], message: string, advice: string): Finding[] {
  if (addresses.length === 0) return [];
  const list = joinSome(addresses.map(({ id, addr }) => `'${id}' (${addr})`));
  return [warning('records', `${message}: ${list}`, advice)];
}

/** Returns the addresses that an earlier record has too, whatever their spelling. */
function duplicatesIn(addresses: readonly RecordAddress[]): RecordAddress[] {
  const seen = new Set<string>();
  return addresses.filter(({ parsed }) => {
    if ('problem' in parsed) return false;
    if (seen.has(parsed.name)) return true;
    seen.add(parsed.name);
    return false;
  });
}
