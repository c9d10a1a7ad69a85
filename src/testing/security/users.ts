import { randomBytes } from 'node:crypto';
import { InvalidInputError } from '../../errors/index.js';
import type { GatewayClient } from '../gateway-client.js';
import { AuthSetup } from './auth-setup.js';
import type { EtcdAuthOptions, EtcdPermission, EtcdUser } from './options.js';

/** The users and roles of an etcd, which each new store receives. */
export class Users {
  readonly #roles: ReadonlyMap<string, readonly EtcdPermission[]>;
  readonly #users: ReadonlyMap<string, EtcdUser>;
  readonly rootPassword: string;

  /** Copies the options: what their owner changes later has no effect. */
  constructor({ rootPassword, roles = {}, users = {} }: EtcdAuthOptions) {
    this.#roles = copied(roles, (permissions) => permissions.map((permission) => ({ ...permission })));
    this.#users = copied(users, ({ password, roles: granted = [] }) => ({
      ...(password !== undefined && { password }),
      roles: [...granted],
    }));
    this.rootPassword = rootPassword ?? randomBytes(16).toString('hex');
  }

  /** The password; undefined for a user without. @throws {InvalidInputError} for an unknown user. */
  passwordOf(user: string): string | undefined {
    if (user === 'root') return this.rootPassword;
    const known = this.#users.get(user);
    if (!known) throw unknownUser(user, ['root', ...this.#users.keys()]);
    return known.password;
  }

  /**
   * Creates roles and users in a store without any, and enables authentication. Resolves when all members have them.
   *
   * @throws EtcdStartError that names the role, the user or the step.
   */
  async createIn(gateways: readonly GatewayClient[], signal: AbortSignal | undefined): Promise<void> {
    const [gateway] = gateways;
    if (!gateway) return;
    const store = new AuthSetup(gateway, signal);
    for (const [name, permissions] of this.#roles) await store.addRole(name, permissions);
    for (const [name, user] of this.#users) await store.addUser(`auth.users.${name}`, name, user);
    await store.addUser('root', 'root', { password: this.rootPassword, roles: ['root'] });
    await store.enable();
    await store.waitForLogin(gateways);
  }
}

function copied<T>(named: Readonly<Record<string, T>>, copy: (value: T) => T): ReadonlyMap<string, T> {
  return new Map(Object.entries(named).map(([name, value]) => [name, copy(value)]));
}

/** @param known The names of all users. */
export function unknownUser(user: string, known: readonly string[]): InvalidInputError {
  const remedy = known.length === 0 ? 'start etcd with the option auth' : `known are ${known.join(', ')}`;
  return new InvalidInputError(`user '${user}' is not in auth.users; ${remedy}`);
}
