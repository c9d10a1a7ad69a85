import { InvalidInputError } from '../../errors/index.js';
import { isOnThisMachine, type MemberAddress } from '../member/endpoints.js';
import type { AuthOptions } from './auth.js';

/** Whether the client has credentials that must not leave this machine, because neither TLS nor `allowPlaintext` is set. */
export function requiresSecretsLocal(auth: AuthOptions | undefined, tls: boolean): boolean {
  return auth !== undefined && !tls && auth.allowPlaintext !== true;
}

/**
 * Refuses to send a password or token in plaintext to another machine, because anyone on the path could read it. etcd's
 * own clients do not refuse.
 * @throws {InvalidInputError} naming the options that permit it.
 */
export function checkPlaintext(
  members: readonly MemberAddress[],
  auth: AuthOptions | undefined,
  tls: boolean,
): void {
  const exposed = requiresSecretsLocal(auth, tls) && members.find((member) => !isOnThisMachine(member));
  if (!exposed) return;
  throw new InvalidInputError(
    `auth would send a password or token in plaintext to '${exposed.endpoint}', which is not loopback: use TLS ` +
      '(https:// or tls), or allow it on a network you trust: auth.allowPlaintext: true; ' +
      'ETCDCTL_INSECURE_TRANSPORT=true for EtcdClient.fromEnv(); --insecure-transport for the command',
  );
}

/** The error for the password of a user that would be added or changed in plaintext on another machine. */
export function exposedPasswordError(endpoint: string): InvalidInputError {
  return new InvalidInputError(
    `the password would be sent in plaintext to '${endpoint}', which is not loopback: use TLS (https:// or tls), ` +
      'or allow it on a network you trust: allowPlaintext: true',
  );
}
