import assert from 'node:assert/strict';
import type { EtcdHandle } from '#src/testing/index.js';
import { registerSecret } from './canary.js';

/** etcd's auth service over its HTTP gateway, so that the setup does not depend on the code under test. */
export class AuthGateway {
  readonly #etcd: () => EtcdHandle;
  readonly #password: string;

  /** @param password The password of root. */
  constructor(etcd: () => EtcdHandle, password: string) {
    this.#etcd = etcd;
    this.#password = password;
  }

  async call<T = unknown>(method: string, message: object, token = ''): Promise<T> {
    const response = await fetch(`http://${this.#etcd().endpoints[0]}/v3/auth/${method}`, {
      method: 'POST',
      body: JSON.stringify(message),
      headers: { connection: 'close', ...(token === '' ? {} : { authorization: token }) },
    });
    const text = await response.text();
    assert.equal(response.status, 200, `${method}: ${text}`);
    return JSON.parse(text) as T;
  }

  /** Obtains a new token of root. */
  async token(): Promise<string> {
    const answer = await this.call<{ token: string }>('authenticate', {
      name: 'root',
      password: this.#password,
    });
    registerSecret(answer.token);
    return answer.token;
  }

  async callAsRoot(method: string, message: object): Promise<void> {
    await this.call(method, message, await this.token());
  }

  /** Creates root, with the root role. */
  async addRoot(): Promise<void> {
    await this.call('user/add', { name: 'root', password: this.#password });
    await this.call('user/grant', { user: 'root', role: 'root' });
  }

  async enable(): Promise<void> {
    await this.call('enable', {});
  }

  async disable(): Promise<void> {
    await this.callAsRoot('disable', {});
  }
}
