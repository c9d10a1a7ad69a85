import { checkAddress } from '../address/index.js';
import { NamingError } from '../errors.js';
import { checkClient, type NamingClient } from '../ports.js';
import { checkKey, keyPrefix, serviceFor } from '../target/index.js';
import { Claim } from './core/index.js';
import { defaultId, unescapedId } from './default-id.js';
import { deleteNestedRecord } from './nested-record.js';
import { checkRegister, type RegisterOptions } from './options.js';
import { Registrar } from './registrar.js';
import type { Registration } from './types.js';

/**
 * Registers an endpoint and keeps it registered: after a lost lease, a restarted or wiped etcd, or a deleted record it
 * comes back under the same key. Resolves once it is stored for the first time. Rejects at once for what waiting cannot
 * repair and for an abort, whatever state etcd is in: what was stored or granted until then is given back behind, for
 * 5 s at most, or until the client is closed.
 * @throws {NamingError} for a target that names no service, an empty id, or an address that callers cannot dial, with the
 *   reason; {InvalidInputError} for an option that cannot work; {ConflictError} with `onConflict: 'fail'`; {DeadlineError} naming the cause after `timeoutMs`;
 *   {PermissionDeniedError} and the like for what waiting cannot mend; the signal's own reason.
 */
export async function register(client: NamingClient, options: RegisterOptions): Promise<Registration> {
  checkClient(client);
  checkRegister(options);
  const target = serviceFor(options.target, client);
  const {
    addr,
    metadata,
    onConflict = 'wait',
    onDeleted = 'restore',
    ttlSeconds = 10,
    timeoutMs = 30_000,
  } = options;
  checkAddress(addr);
  const id = options.id ?? defaultId(addr);
  if (id === '') throw new NamingError('the endpoint id is empty');
  const endpoint = metadata === undefined ? { addr } : { addr, metadata };
  const claim = new Claim(checkKey(target, keyPrefix(target) + id), endpoint, onConflict);
  const { onFailure } = options;
  const registrar = new Registrar(client, claim, { ttlSeconds, onDeleted, onFailure });
  await registrar.start(timeoutMs, options.signal);
  const nested = unescapedId(addr);
  if (options.id === undefined && nested !== id)
    void deleteNestedRecord(client, keyPrefix(target) + nested, addr);
  return registrar;
}
