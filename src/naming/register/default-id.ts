import cluster from 'node:cluster';

/** How a process shares its address, as far as its environment says. */
export interface WorkerEnvironment {
  /** The number of a `node:cluster` worker. */
  readonly workerId: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The id of a registration whose owner gives none: the address, so that a process which restarts within the TTL takes
 * its old record over. Workers of `node:cluster` and PM2 share one port: there it is the address and the worker's
 * number, since with one record for all of them the first that ends would take it from the others.
 * It has no slash, which would nest the record in a service of its own: those of an address that has some are escaped as
 * in a URI, `unix:%2Frun%2Fa.sock`.
 */
export function defaultId(addr: string, environment: WorkerEnvironment = currentEnvironment()): string {
  return addressId(unescapedId(addr, environment));
}

/** The id of an address that `register` is given without one, outside of workers: itself, with its slashes escaped. */
export function addressId(addr: string): string {
  // Of the addresses that can be registered only those with slashes are changed, so no two get the same id.
  return addr.includes('/') ? addr.replaceAll('%', '%25').replaceAll('/', '%2F') : addr;
}

/** The same without escapes, as older releases had it: a record of theirs may still stand under it. */
export function unescapedId(
  addr: string,
  { workerId, env }: WorkerEnvironment = currentEnvironment(),
): string {
  // PM2 keeps an instance's number when it starts it again; in its cluster mode the worker's own number grows each time.
  const instance = env['pm_id'] === undefined ? undefined : env['NODE_APP_INSTANCE'];
  const worker = instance || workerId;
  return worker === undefined ? addr : `${addr}#${worker}`;
}

function currentEnvironment(): WorkerEnvironment {
  return { workerId: cluster.worker?.id, env: process.env };
}
