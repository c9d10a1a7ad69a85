import { createHash } from 'node:crypto';
import { InvalidInputError } from '../errors/index.js';
import { printable, wrongTypeError } from '../model/index.js';
import type { RecordPlace } from '../naming/codec/endpoint-codec.js';
import { NamingError } from '../naming/errors.js';

/** The longest DNS name and label, without the dot of the root. */
const maxNameLength = 253;
const maxLabelLength = 63;
/** 80 bits, as hexadecimal digits. */
const hashLength = 20;

/**
 * Converts CoreDNS's `path` to the beginning of a key: `skydns` and `/skydns/` become `/skydns`, and `/` becomes ''.
 * @throws {InvalidInputError} for a path with parts that CoreDNS resolves as in a file system.
 */
export function checkPath(path: unknown): string {
  if (typeof path !== 'string') throw wrongTypeError('path', path, 'a string');
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.includes('.') || parts.includes('..'))
    throw new InvalidInputError(`path '${printable(path)}' contains '.' or '..'`);
  return parts.map((part) => `/${part}`).join('');
}

/**
 * Converts a DNS name to the key below which CoreDNS looks for it: its labels in lower case, in reverse order.
 *
 * Specification: https://github.com/coredns/coredns/blob/v1.15.0/plugin/etcd/msg/path.go#L14-L20,
 * https://github.com/coredns/coredns/blob/v1.15.0/request/request.go#L302
 *
 * @throws {NamingError} for a text that is not a DNS name, and for a wildcard.
 */
export function keyOfName(path: string, service: string): string {
  const name = service.toLowerCase().replace(/\.$/, '');
  const problem = nameProblem(name);
  if (problem !== undefined)
    throw new NamingError(
      `invalid target: '${printable(service)}' is not a DNS name that CoreDNS looks up: ${problem}`,
    );
  return `${path}/${name.split('.').reverse().join('/')}/`;
}

/** The DNS name whose record has the key; undefined for a key that is not one of CoreDNS's. */
export function nameOfKey(path: string, key: string): string | undefined {
  if (!key.startsWith(`${path}/`)) return undefined;
  const labels = key.slice(path.length + 1).split('/');
  const name = labels.slice(0, -1).reverse().join('.');
  return nameProblem(name) === undefined ? name : undefined;
}

/**
 * Checks that the key is the one of a DNS name: CoreDNS answers the name of the key as the target of an SRV record.
 * @throws {NamingError} with the reason.
 */
export function checkId({ service, id }: RecordPlace): void {
  const name = `${id.split('/').reverse().join('.')}.${service.toLowerCase().replace(/\.$/, '')}`;
  const problem = nameProblem(name) ?? (id.includes('.') ? 'it has a dot' : undefined);
  if (problem !== undefined)
    throw new NamingError(`the id '${printable(id)}' is not a label of a DNS name: ${problem}`);
}

/**
 * A label for an address: `10-0-0-7-50051`, `2001-db8--7-50051`. A hyphen is doubled, so that different addresses have
 * different labels. The end of a label that would be too long is replaced by a hash of the address.
 */
export function labelOfAddress(addr: string): string {
  const lower = addr.toLowerCase();
  const label = labelOf(lower);
  if (label.length <= maxLabelLength) return label;
  const hash = createHash('sha256').update(lower).digest('hex').slice(0, hashLength);
  return `${label.slice(0, maxLabelLength - hashLength - 1)}-${hash}`;
}

function labelOf(addr: string): string {
  return addr
    .replace(/^\[::/, '[0::') // a label does not begin with a hyphen
    .replace(/[[\]]/g, '')
    .replaceAll('-', '--')
    .replace(/[^a-z0-9_-]/g, '-');
}

function nameProblem(name: string): string | undefined {
  if (name.length > maxNameLength) return `the name is longer than ${maxNameLength} characters`;
  for (const label of name.split('.')) {
    const problem = labelProblem(label);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/**
 * CoreDNS treats the labels `*` and `any` of a question as wildcards.
 *
 * Specification: https://github.com/coredns/coredns/blob/v1.15.0/plugin/etcd/msg/path.go#L40-L51
 */
function labelProblem(label: string): string | undefined {
  if (label === '') return 'it has an empty label';
  if (label === '*' || label === 'any') return `its label '${label}' is a wildcard in CoreDNS`;
  if (label.length > maxLabelLength) return `it has a label of more than ${maxLabelLength} characters`;
  const odd = /[^a-z0-9_-]/u.exec(label)?.[0];
  return odd === undefined ? undefined : `it has the character '${printable(odd)}'`;
}
