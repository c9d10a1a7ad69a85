import { InvalidInputError } from '../errors/index.js';
import { isLoopback } from '../model/index.js';
import type { AuthOptions } from './auth.js';
import type { MemberAddress } from './endpoints.js';

/** Whether what is sent to the member stays on this machine: a unix socket, or a loopback address. */
export function isOnThisMachine({ socket, host }: MemberAddress): boolean {
  return 'path' in socket || isLoopback(host);
}

/** Whether passwords and tokens must not leave this machine: they are in use, and neither TLS nor a permission covers them. */
export function requiresSecretsLocal(auth: AuthOptions | undefined, tls: boolean): boolean {
  return auth !== undefined && !tls && auth.allowPlaintext !== true;
}

/**
 * A password or token in plaintext is readable for everyone on the way. etcd's own clients send it all the same.
 * @throws {InvalidInputError} naming the remedies, when a member is on another machine.
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
