import { Code, EtcdError } from '../../errors/index.js';
import { toWireRange } from '../../model/index.js';
import { EtcdStartError, reasonOf } from '../errors.js';
import type { GatewayClient } from '../gateway-client.js';
import { until, type WaitLimits } from '../wait.js';
import type { EtcdPermission, EtcdUser } from './options.js';

/** A store that answers `/health` may elect another leader, or be slow, in the meantime. */
const TIMEOUT_MS = 10_000;

/** The requests that create roles and users. One that fails throws EtcdStartError, which names what it was for. */
export class AuthSetup {
  readonly #gateway: GatewayClient;
  readonly #limits: WaitLimits;

  constructor(gateway: GatewayClient, signal: AbortSignal | undefined) {
    this.#gateway = gateway;
    this.#limits = { timeoutMs: TIMEOUT_MS, signal };
  }

  async addRole(name: string, permissions: readonly EtcdPermission[]): Promise<void> {
    const option = `auth.roles.${name}`;
    await this.#step(`${option} was not created`, () => this.#change('role/add', { name }));
    for (const [index, permission] of permissions.entries())
      await this.#step(`${option}[${index}] was not granted`, () =>
        this.#change('role/grant', { name, perm: toWirePermission(permission) }),
      );
  }

  /** @param what The user in the text of an error. */
  async addUser(what: string, name: string, { password, roles = [] }: EtcdUser): Promise<void> {
    const identified = password === undefined ? { options: { no_password: true } } : { password };
    await this.#step(`${what} was not created`, () => this.#change('user/add', { name, ...identified }));
    for (const role of roles)
      await this.#step(`${what} was not given the role '${role}'`, () =>
        this.#change('user/grant', { user: name, role }),
      );
  }

  async enable(): Promise<void> {
    await this.#step('authentication was not enabled', () => this.#change('enable', {}));
  }

  /** Resolves when each member has the users. */
  async waitForLogin(gateways: readonly GatewayClient[]): Promise<void> {
    const canLogIn = (gateway: GatewayClient) =>
      until('the login of root', this.#limits, () => gateway.canLogIn());
    await this.#step('the users are not on each member', () => Promise.all(gateways.map(canLogIn)));
  }

  async #step(failure: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#limits.signal?.throwIfAborted();
      throw new EtcdStartError(`etcd runs, but ${failure}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** Repeats a request that etcd did not answer; it may have been applied all the same. */
  async #change(method: string, message: object): Promise<void> {
    await until(`auth/${method}`, this.#limits, async () => {
      try {
        await this.#gateway.call(`auth/${method}`, message);
        return true;
      } catch (error) {
        const cause = error instanceof Error && error.cause instanceof EtcdError ? error.cause : undefined;
        if (cause?.reason === 'UserAlreadyExist' || cause?.reason === 'RoleAlreadyExist') return true;
        if (cause?.code !== Code.UNAVAILABLE) throw error;
        return false;
      }
    });
  }
}

function toWirePermission({ access, prefix, key: single }: EtcdPermission): object {
  const { key, rangeEnd } = toWireRange(prefix === undefined ? single : { prefix });
  return {
    permType: access.toUpperCase(),
    key: key.toString('base64'),
    range_end: rangeEnd.toString('base64'),
  };
}
