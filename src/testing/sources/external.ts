import { randomUUID } from 'node:crypto';
import { findOnPath } from '../binary/etcd-binary.js';
import { checkSupported } from '../binary/supported.js';
import { EtcdStartError, ExternalEtcdError, reasonOf } from '../errors.js';
import type { EtcdHandle } from '../etcd-handle.js';
import { GatewayClient, readMetric } from '../gateway-client.js';
import type { Settings } from '../options.js';
import type { EtcdConnectOptions } from '../security/connect-options.js';
import type { Security } from '../security/security.js';
import { orAborted } from '../wait.js';

/** An etcd that runs independently of the test. Only checks that it answers. */
export async function connectExternal(settings: Settings): Promise<EtcdHandle> {
  const endpoints = settings.endpoints.map((endpoint) => endpoint.trim().replace(/^http:\/\/|\/+$/g, ''));
  const [first] = endpoints;
  if (first === undefined) {
    throw new EtcdStartError(
      "source 'external' needs the endpoints of an etcd: the option `endpoints`, or ETCD_TEST_ENDPOINTS=host:port,…",
    );
  }
  const { tls, users } = settings.security;
  if (tls || users)
    throw new EtcdStartError(
      `option ${tls ? 'tls' : 'auth'} is not for source 'external': its owner decides on certificates and users`,
    );
  const version = await versionOf(first, settings.signal);
  checkSupported(version, first);
  return new ExternalEtcd(endpoints, first, version, settings.security);
}

async function versionOf(endpoint: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await orAborted(signal, new GatewayClient(endpoint).version());
  } catch (error) {
    signal?.throwIfAborted();
    throw new EtcdStartError(`the external etcd does not answer: ${reasonOf(error)}`, { cause: error });
  }
}

class ExternalEtcd implements EtcdHandle {
  readonly endpoints: readonly string[];
  readonly source = 'external';
  readonly version: string;
  readonly prefix = `etcd-naming-test/${randomUUID()}/`;
  readonly canBreak = false;
  readonly pid = undefined;
  readonly etcdctl = findOnPath('etcdctl');
  readonly #gateway: GatewayClient;
  readonly #security: Security;
  #closing: Promise<void> | undefined;

  constructor(endpoints: readonly string[], first: string, version: string, security: Security) {
    this.endpoints = endpoints;
    this.version = version;
    this.#security = security;
    this.#gateway = new GatewayClient(first);
  }

  get clientOptions(): EtcdConnectOptions {
    return this.clientOptionsOf('root');
  }

  clientOptionsOf(user: string): EtcdConnectOptions {
    return this.#security.connectOptions(this.endpoints, user);
  }

  async pause(): Promise<void> {
    throw new ExternalEtcdError('pause');
  }

  async resume(): Promise<void> {
    throw new ExternalEtcdError('resume');
  }

  async kill(): Promise<void> {
    throw new ExternalEtcdError('kill');
  }

  async stop(): Promise<void> {
    throw new ExternalEtcdError('stop');
  }

  async restart(): Promise<void> {
    throw new ExternalEtcdError('restart');
  }

  async wipe(): Promise<void> {
    throw new ExternalEtcdError('wipe');
  }

  async compact(): Promise<bigint> {
    throw new ExternalEtcdError('compact');
  }

  async metrics(): Promise<string> {
    return this.#gateway.metrics();
  }

  async metric(name: string): Promise<number> {
    return readMetric(await this.metrics(), name);
  }

  log(): string {
    return '';
  }

  async close(): Promise<void> {
    this.#closing ??= this.#gateway.deletePrefix(this.prefix);
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
