import { randomBytes } from 'node:crypto';
import { Code, EtcdError, InvalidInputError } from '../../errors/index.js';
import { toWireRange } from '../../model/index.js';
import type { GatewayClient } from '../gateway-client.js';
import { until } from '../wait.js';
import type { EtcdAuthOptions, EtcdPermission, EtcdUser } from './options.js';

/** A store that answers `/health` may elect another leader, or be slow, in the meantime. */
const LIMITS = { timeoutMs: 10_000 };

/** The users and roles of an etcd, which each new store receives. */
export class Users {
  readonly #options: EtcdAuthOptions;
  readonly rootPassword: string;

  constructor(options: EtcdAuthOptions) {
    this.#options = options;
    this.rootPassword = options.rootPassword ?? randomBytes(16).toString('hex');
  }

  /** The password; undefined for a user without. @throws {InvalidInputError} for an unknown user. */
  passwordOf(user: string): string | undefined {
    if (user === 'root') return this.rootPassword;
    const { users = {} } = this.#options;
    if (!Object.hasOwn(users, user)) throw unknownUser(user, ['root', ...Object.keys(users)]);
    return users[user]?.password;
  }

  /** Creates roles and users in a store without any, and enables authentication. Resolves when all members have them. */
  async createIn(gateways: readonly GatewayClient[]): Promise<void> {
    const [gateway] = gateways;
    if (!gateway) return;
    const { roles = {}, users = {} } = this.#options;
    for (const [name, permissions] of Object.entries(roles)) await addRole(gateway, name, permissions);
    for (const [name, user] of Object.entries(users)) await addUser(gateway, name, user);
    await addUser(gateway, 'root', { password: this.rootPassword, roles: ['root'] });
    await change(gateway, 'enable', {});
    await Promise.all(
      gateways.map((each) => until('the users on each member', LIMITS, () => each.canLogIn())),
    );
  }
}

/** @param known The names of all users. */
export function unknownUser(user: string, known: readonly string[]): InvalidInputError {
  const remedy = known.length === 0 ? 'start etcd with the option auth' : `known are ${known.join(', ')}`;
  return new InvalidInputError(`user '${user}' is not in auth.users; ${remedy}`);
}

async function addRole(
  gateway: GatewayClient,
  name: string,
  permissions: readonly EtcdPermission[],
): Promise<void> {
  await change(gateway, 'role/add', { name });
  for (const permission of permissions) {
    const { key, rangeEnd } = toWireRange(
      'prefix' in permission ? { prefix: permission.prefix } : permission.key,
    );
    const perm = {
      permType: permission.access.toUpperCase(),
      key: key.toString('base64'),
      range_end: rangeEnd.toString('base64'),
    };
    await change(gateway, 'role/grant', { name, perm });
  }
}

async function addUser(
  gateway: GatewayClient,
  name: string,
  { password, roles = [] }: EtcdUser,
): Promise<void> {
  const identified = password === undefined ? { options: { no_password: true } } : { password };
  await change(gateway, 'user/add', { name, ...identified });
  for (const role of roles) await change(gateway, 'user/grant', { user: name, role });
}

/** Repeats a request that etcd did not answer; it may have been applied all the same. */
async function change(gateway: GatewayClient, method: string, message: object): Promise<void> {
  await until(`auth/${method}`, LIMITS, async () => {
    try {
      await gateway.call(`auth/${method}`, message);
      return true;
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof EtcdError ? error.cause : undefined;
      if (cause?.reason === 'UserAlreadyExist' || cause?.reason === 'RoleAlreadyExist') return true;
      if (cause?.code !== Code.UNAVAILABLE) throw error;
      return false;
    }
  });
}
