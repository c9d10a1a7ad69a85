import { posix } from 'node:path';
import {
  formatAddress,
  nameOfParsed,
  parseAddress,
  type SocketAddress,
  type TcpAddress,
} from '../address/index.js';
import { readTraits, type Traits } from '../balance/index.js';
import type { EndpointRecord } from '../endpoint.js';

/** An address to dial with its traits. It stands for one backend, however many records have the address. */
export interface SelectedAddress {
  /** Unique within a selection. */
  readonly name: string;
  readonly address: TcpAddress | SocketAddress;
  readonly traits: Traits;
  /** The first record with the address. */
  readonly record: EndpointRecord;
}

/** The address as it is written in a URL, such as `10.0.0.7:8080` or `unix:/run/app.sock`. */
export function textOf({ address }: SelectedAddress): string {
  return 'path' in address ? `unix:${address.path}` : formatAddress(address);
}

/** By record, so that each version of a record is parsed once, whatever else of its service changes. */
const addresses = new WeakMap<EndpointRecord, SelectedAddress | 'unusable'>();

/** The address of a record; undefined for one that cannot be dialled. The same object for the same record. */
export function addressOf(record: EndpointRecord): SelectedAddress | undefined {
  let address = addresses.get(record);
  if (address === undefined) {
    address = parse(record) ?? 'unusable';
    addresses.set(record, address);
  }
  return address === 'unusable' ? undefined : address;
}

function parse(record: EndpointRecord): SelectedAddress | undefined {
  const parsed = parseAddress(record.addr);
  if ('problem' in parsed) return undefined;
  const traits = readTraits(record.metadata);
  const name = nameOfParsed(parsed);
  if ('tcp' in parsed) return { name, address: parsed.tcp, traits, record };
  // A rule such as "below /run/app/" must see the file that is dialled: `/run/app/../x` is not below it.
  const path = posix.normalize(parsed.socket.path);
  return { name, address: { path }, traits, record };
}
