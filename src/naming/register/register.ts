import type { EtcdError } from '../../errors/index.js';
import { checkDuration } from '../../model/index.js';
import { checkAddress } from '../address/index.js';
import type { Endpoint } from '../endpoint.js';
import { NamingError } from '../errors.js';
import { checkClient, type NamingClient } from '../ports.js';
import { checkKey, keyPrefix, serviceFor } from '../target/index.js';
import { Claim, type OnConflict } from './core/index.js';
import { defaultId, nestedId } from './default-id.js';
import { replaceNested } from './nested-record.js';
import { Registrar } from './registrar.js';
import type { Registration } from './types.js';

export interface RegisterOptions {
  /** The service by its name, such as `foo/bar/my-service`, or as it is dialled: `etcd:///foo/bar/my-service`. */
  readonly target: string;
  readonly endpoint: Endpoint;
  /**
   * The last part of the key, `<target>/<id>`. Default: the endpoint's addr, as etcd's old resolver did, with the slashes
   * of one that has some escaped (`unix:%2Frun%2Fa.sock`); in a worker of `node:cluster` or PM2, which shares its address
   * with others, `<addr>#<worker>`. Processes that share an address in another way need an id each.
   */
  readonly id?: string;
  /**
   * Seconds until the record of a process that died is gone. Default 10: renewed every third of it, it outlives an
   * etcd election and a short pause, and callers lose a dead server soon enough.
   */
  readonly ttlSeconds?: number;
  /**
   * What to do when the key is another's record (one of the same address counts as this process's own, before a
   * restart): `wait` until it goes, the default; `fail`; or `takeover`: write over it, with which the other, should it
   * live, is told and ends. Whoever does not wait ends with `replaced` when its own record is written over.
   */
  readonly onConflict?: OnConflict;
  /** What to do when an operator deletes the record: `restore` it, the default, or `stop`. */
  readonly onDeleted?: 'restore' | 'stop';
  /**
   * Receives what stands in the way while the first record is not stored yet, from the first failure on: an etcd out of
   * reach, a record of another process that is waited out. Default: a process warning (`ETCD_NAMING_REGISTER`), once,
   * where the record is not stored within a second of it. Later troubles are in `registration.events()`.
   */
  readonly onTrouble?: (error: EtcdError) => void;
  /** How long the first registration may take, in milliseconds, before `register` rejects. Default 30,000. */
  readonly timeoutMs?: number;
  /** Gives up waiting for the first registration; `register` rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Registers an endpoint and keeps it registered: after a lost lease, a restarted or wiped etcd, or a deleted record it
 * comes back under the same key. Resolves once it is stored for the first time. Rejects at once for what waiting cannot
 * repair and for an abort, whatever state etcd is in: what was stored or granted until then is given back behind, for
 * 5 s at most, or until the client is closed.
 * @throws {NamingError} for a target that names no service, an empty id, or an address that callers cannot dial, with the
 *   reason; {InvalidInputError} for a time out of range; {ConflictError} with `onConflict: 'fail'`; {DeadlineError} naming the cause after `timeoutMs`;
 *   {PermissionDeniedError} and the like for what waiting cannot mend; the signal's own reason.
 */
export async function register(client: NamingClient, options: RegisterOptions): Promise<Registration> {
  checkClient(client);
  const target = serviceFor(options?.target, client);
  const {
    endpoint,
    onConflict = 'wait',
    onDeleted = 'restore',
    ttlSeconds = 10,
    timeoutMs = 30_000,
  } = options;
  checkDuration('timeoutMs', timeoutMs);
  checkAddress(endpoint?.addr);
  oneOf('onConflict', onConflict, ['wait', 'fail', 'takeover']);
  oneOf('onDeleted', onDeleted, ['restore', 'stop']);
  const id = options.id ?? defaultId(endpoint.addr);
  if (id === '') throw new NamingError('the endpoint id is empty');
  const claim = new Claim(checkKey(target, keyPrefix(target) + id), endpoint, onConflict);
  const { onTrouble } = options;
  const registrar = new Registrar(client, claim, { ttlSeconds, onDeleted, onTrouble });
  await registrar.start(timeoutMs, options.signal);
  const nested = nestedId(endpoint.addr);
  if (options.id === undefined && nested !== id)
    void replaceNested(client, keyPrefix(target) + nested, endpoint.addr);
  return registrar;
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw new NamingError(`${name} is '${value}'; it must be one of ${allowed.join(', ')}`);
}
