import { isLoopback } from '../../model/index.js';
import type { GatewayAccess } from '../gateway-client.js';
import type { EtcdConnectOptions } from './connect-options.js';
import { checkPasswords, type EtcdAuthOptions, type EtcdTlsOptions } from './options.js';
import { ServerTls } from './server-tls.js';
import { Users, unknownUser } from './users.js';

/** How an etcd or a cluster is secured: not at all, by TLS, by users, or by both. */
export class Security {
  readonly tls: ServerTls | undefined;
  readonly users: Users | undefined;

  /** @throws {InvalidInputError} for a user who could not authenticate. */
  constructor(tls?: EtcdTlsOptions, auth?: EtcdAuthOptions) {
    this.tls = tls && new ServerTls(tls);
    checkPasswords(auth, this.tls?.clientCertificates ?? false);
    this.users = auth && new Users(auth);
  }

  get scheme(): 'http' | 'https' {
    return this.tls ? 'https' : 'http';
  }

  /** Flags beside those of TLS. With the default cost of a password's hash, each login would take 70 ms. */
  get flags(): string[] {
    return this.users ? ['--bcrypt-cost', '4'] : [];
  }

  /**
   * For etcd's HTTP gateway: root's password, and a certificate without a common name. With authentication enabled, the
   * gateway refuses any other certificate of a client.
   *
   * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/embed/serve.go#L466
   */
  get gatewayAccess(): GatewayAccess {
    const { tls, users } = this;
    return {
      ...(tls && { tls: tls.clientOptions('') }),
      ...(users && { auth: { username: 'root', password: users.rootPassword } }),
    };
  }

  /** Returns new objects, so that a change of them has no effect here. @throws {InvalidInputError} for an unknown user. */
  connectOptions(endpoints: readonly string[], user = 'root'): EtcdConnectOptions {
    if (!this.users && user !== 'root') throw unknownUser(user, []);
    const password = this.users?.passwordOf(user);
    const isPlaintext = !this.tls && !endpoints.every((endpoint) => isLoopback(hostOf(endpoint)));
    return {
      endpoints: [...endpoints],
      ...(this.tls && { tls: { ...this.tls.clientOptions(user) } }),
      ...(password !== undefined && {
        auth: { username: user, password, ...(isPlaintext && { allowPlaintext: true }) },
      }),
    };
  }
}

function hostOf(endpoint: string): string {
  return new URL(`http://${endpoint}`).hostname;
}
