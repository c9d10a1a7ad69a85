import type { Cluster } from 'node:cluster';
import { printable } from '../../model/index.js';
import { callCodec, describeReturned } from '../codec/codec-call.js';
import type { EndpointCodec } from '../codec/endpoint-codec.js';
import { NamingError } from '../errors.js';

/** The facts about this process that identify it among workers that share an address. */
export interface WorkerEnvironment {
  /** The number of the `node:cluster` worker; undefined outside of one. */
  readonly workerId: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The id of a registration without the option `id`, in the format of a codec. */
export function registrationId(addr: string, codec: EndpointCodec | undefined): string {
  const failure = `the codec '${codec?.name}' has no id for '${printable(addr)}'`;
  const id: unknown = callCodec(failure, () => codec?.defaultId?.(unescapedId(addr))) ?? defaultId(addr);
  if (typeof id === 'string') return id;
  throw new NamingError(`${failure}: defaultId() returned ${describeReturned(id)}, not a text`);
}

/**
 * The id of a registration without the option `id`: the address, so that a process that restarts within the TTL takes
 * over its old record. Workers of `node:cluster` and PM2 share one port: their id is the address and the worker's number,
 * because with a common record the first worker to end would delete it for all. A slash would nest the record in another
 * service, so slashes of the address are escaped as in a URI: `unix:%2Frun%2Fa.sock`.
 */
export function defaultId(addr: string, environment: WorkerEnvironment = currentEnvironment()): string {
  return addressId(unescapedId(addr, environment));
}

/** The default id of an address outside of workers: the address with its slashes escaped. */
export function addressId(addr: string): string {
  // Only registrable addresses with slashes are changed, so no two addresses get the same id.
  return addr.includes('/') ? addr.replaceAll('%', '%25').replaceAll('/', '%2F') : addr;
}

/** The default id of older releases, without escapes. A record of such a release may still be stored under it. */
export function unescapedId(
  addr: string,
  { workerId, env }: WorkerEnvironment = currentEnvironment(),
): string {
  // PM2 keeps an instance's number over restarts; in its cluster mode the worker number grows with each restart.
  const instance = env['pm_id'] === undefined ? undefined : env['NODE_APP_INSTANCE'];
  const worker = instance || workerId;
  return worker === undefined ? addr : `${addr}#${worker}`;
}

function currentEnvironment(): WorkerEnvironment {
  // Not imported: loading this module takes 1 ms, and few programs register.
  const { worker } = process.getBuiltinModule('node:cluster') as unknown as Cluster;
  return { workerId: worker?.id, env: process.env };
}
