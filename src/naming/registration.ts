import { encodeEndpoint } from './codec.js';
import type { Endpoint } from './endpoint.js';
import { NamingError } from './errors.js';
import { checkClient, type NamingClient } from './ports.js';
import { Registrar, type Registration } from './registrar.js';
import { checkKey, checkTarget, keyPrefix } from './target.js';

export interface RegisterOptions {
  /** The service, e.g. `foo/bar/my-service`. */
  readonly target: string;
  readonly endpoint: Endpoint;
  /** The last part of the key, `<target>/<id>`. Default: the endpoint's addr, as etcd's old resolver did. */
  readonly id?: string;
  /**
   * Seconds until the record of a process that died is gone. Default 10: renewed every third of it, it outlives an
   * etcd election and a short pause, and callers lose a dead server soon enough.
   */
  readonly ttlSeconds?: number;
  /** How long the first registration may take, in milliseconds, before `register` rejects. Default 30,000. */
  readonly timeoutMs?: number;
  /** Gives up waiting for the first registration; `register` rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Registers an endpoint and keeps it registered: after a lost lease, a restarted or wiped etcd, or a deleted record it
 * comes back under the same key. Resolves once it is stored for the first time.
 * @throws {NamingError} for an empty target, id or address; {DeadlineError} naming the cause after `timeoutMs`;
 *   {PermissionDeniedError} and the like for what waiting cannot mend; the signal's own reason.
 */
export async function register(client: NamingClient, options: RegisterOptions): Promise<Registration> {
  checkClient(client);
  const target = checkTarget(options.target);
  const value = encodeEndpoint(options.endpoint);
  const id = options.id ?? options.endpoint.addr;
  if (id === '') throw new NamingError('the endpoint id is empty');
  const registrar = new Registrar(client, {
    key: checkKey(target, keyPrefix(target) + id),
    value,
    addr: options.endpoint.addr,
    ttlSeconds: options.ttlSeconds ?? 10,
  });
  await registrar.start(options.timeoutMs ?? 30_000, options.signal);
  return registrar;
}
