import { inRootContext } from '../../async/index.js';
import { checkAddress } from '../address/index.js';
import { recordFormat } from '../codec/format-of.js';
import { NamingError } from '../errors.js';
import { checkClient, type NamingClient } from '../ports.js';
import { checkKey, resolveService } from '../target/index.js';
import { Claim } from './core/index.js';
import { registrationId, unescapedId } from './default-id.js';
import { deleteNestedRecord } from './nested-record.js';
import { checkRegister, type RegisterOptions } from './options.js';
import { RegistrationImpl } from './registration-impl.js';
import type { Registration } from './types.js';

/**
 * Registers an endpoint and keeps it registered until closed: after a lost lease, a restarted or wiped etcd, or a deleted
 * record, the record is stored again under the same key. Resolves once the record is stored for the first time. Rejects
 * immediately on abort and if no retry can succeed. It then revokes the leases it has granted in the background, which
 * deletes the record, for at most 5 s or until the client is closed.
 * @throws {NamingError} for a target without a service, an empty id, or an address that callers cannot dial;
 *   {InvalidInputError} for an invalid option; {ConflictError} with `onConflict: 'fail'`; {DeadlineError} with the last
 *   failure as its cause after `timeoutMs`; {PermissionDeniedError} and other final errors; the signal's reason.
 * @example
 * ```ts
 * const registration = await register(client, {
 *   target: 'foo/bar/my-service',
 *   addr: advertiseAddress(50_051),
 *   metadata: { zone: 'eu-1a', weight: 2 },
 * });
 * process.once('SIGTERM', () => registration.drain().finally(() => process.exit()));
 * ```
 */
export async function register(client: NamingClient, options: RegisterOptions): Promise<Registration> {
  checkClient(client);
  checkRegister(options);
  const target = resolveService(options.target, client);
  const {
    addr,
    metadata,
    codec,
    onConflict = 'wait',
    onDeleted = 'restore',
    ttlSeconds = 10,
    timeoutMs = 30_000,
  } = options;
  checkAddress(addr);
  const format = recordFormat(target, codec);
  const id = options.id ?? registrationId(addr, codec);
  if (id === '') throw new NamingError('the endpoint id is empty');
  const endpoint = metadata === undefined ? { addr } : { addr, metadata };
  const claim = new Claim(checkKey(format.prefix, format.prefix + id), endpoint, onConflict, format);
  const { onFailure } = options;
  const registration = new RegistrationImpl(client, claim, { ttlSeconds, onDeleted, onFailure });
  await registration.start(timeoutMs, options.signal);
  const nested = unescapedId(addr);
  if (options.id === undefined && nested !== id && codec === undefined)
    void inRootContext(() => deleteNestedRecord(client, format, format.prefix + nested, addr));
  return registration;
}
