import { checkWait, noOptions, withJson } from '../model/index.js';
import type { AuthCalls, CallOptions } from '../wire/index.js';
import type { AuthClient, AuthStatus, RoleClient, UserClient } from './auth-client.js';
import { RoleClientImpl } from './role-client-impl.js';
import { unlessDone } from './unless-done.js';
import { UserClientImpl } from './user-client-impl.js';

export class AuthClientImpl implements AuthClient {
  readonly users: UserClient;
  readonly roles: RoleClient;
  readonly #calls: AuthCalls;

  constructor(calls: AuthCalls) {
    this.#calls = calls;
    this.users = new UserClientImpl(calls);
    this.roles = new RoleClientImpl(calls);
  }

  async enable(options: CallOptions = noOptions): Promise<void> {
    checkWait(options);
    // Only an etcd with authentication asks for a user, or for the role root.
    await unlessDone(this.#calls.enable(options), 'UserEmpty', 'PermissionDenied');
  }

  async disable(options: CallOptions = noOptions): Promise<void> {
    checkWait(options);
    await this.#calls.disable(options);
  }

  async status(options: CallOptions = noOptions): Promise<AuthStatus> {
    checkWait(options);
    const { enabled, authRevision } = await this.#calls.status(options);
    return withJson({ enabled, authRevision });
  }
}
