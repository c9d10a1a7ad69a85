import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { GatewayClient } from '#src/testing/gateway-client.js';
import { type EtcdHandle, locateEtcd } from '#src/testing/index.js';
import { freePorts } from '#src/testing/ports.js';
import { type Guard, guard } from '#src/testing/process/guard.js';
import { until } from '#src/testing/wait.js';
import { skip } from '../../support/etcd.js';

const startTimeoutMs = 20_000;
const maxLogCharacters = 8_192;

export interface GrpcProxyOptions {
  /** Makes the proxy register itself under this prefix, with a lease of this TTL. */
  readonly register?: { readonly prefix: string; readonly ttlSeconds: number };
}

/** `etcd grpc-proxy start` on a free local port, in a separate process. */
export class GrpcProxy {
  /** The `host:port` where it listens, and which it advertises. */
  readonly endpoint: string;
  readonly #program: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #guard: Guard | undefined;
  #log = '';

  private constructor(program: string, endpoint: string, etcd: string, options: GrpcProxyOptions) {
    this.#program = program;
    this.endpoint = endpoint;
    const { register } = options;
    this.#args = [
      'grpc-proxy',
      'start',
      `--endpoints=${etcd}`,
      `--listen-addr=${endpoint}`,
      `--advertise-client-url=${endpoint}`,
      ...(register ? [`--resolver-prefix=${register.prefix}`, `--resolver-ttl=${register.ttlSeconds}`] : []),
    ];
  }

  /** @param etcd The etcd behind it, as `host:port`; several are separated by commas. */
  static async start(program: string, etcd: string, options: GrpcProxyOptions = {}): Promise<GrpcProxy> {
    for (let attempt = 1; ; attempt++) {
      const [port] = await freePorts(1);
      const proxy = new GrpcProxy(program, `127.0.0.1:${port}`, etcd, options);
      try {
        await proxy.#start();
        return proxy;
      } catch (error) {
        // Another process may have taken the port meanwhile.
        if (attempt === 3 || !proxy.#log.includes('address already in use')) throw error;
      }
    }
  }

  /** Sends SIGKILL. Resolves when the process has exited; does nothing if it has already. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Stops all threads of the process, until `resume()`. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Kills the process if it runs, and starts it on the same port. */
  async restart(): Promise<void> {
    await this.kill();
    await this.#start();
  }

  async #start(): Promise<void> {
    const child = this.#spawn();
    try {
      // Its /health queries etcd without credentials, and fails if etcd requires them.
      await until('the grpc-proxy answers', { timeoutMs: startTimeoutMs }, () => {
        if (child.exitCode !== null) throw new Error(`the grpc-proxy exited with code ${child.exitCode}`);
        return new GatewayClient(this.endpoint).metrics().then(Boolean, () => false);
      });
    } catch (error) {
      await this.kill();
      throw new Error(`${(error as Error).message}:\n${this.#log}`, { cause: error });
    }
  }

  #spawn(): ChildProcess {
    const child = spawn(this.#program, this.#args, { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
    const log = (text: Buffer) => {
      this.#log = (this.#log + text).slice(-maxLogCharacters);
    };
    child.stdout.on('data', log);
    child.stderr.on('data', log);
    child.on('error', (error) => log(Buffer.from(error.message)));
    if (child.pid !== undefined) this.#guard = guard('kill -9 "$1" 2>/dev/null', [String(child.pid)]);
    const guarding = this.#guard;
    child.once('exit', () => guarding?.release());
    this.#child = child;
    return child;
  }
}

/** Starts a proxy before the etcd, or before an endpoint that leads to it. */
export type StartProxy = (options?: GrpcProxyOptions & { readonly before?: string }) => Promise<GrpcProxy>;

/**
 * Proxies of the etcd's release, killed after each test. Call it after `useEtcd()`. The suite is skipped, with the
 * reason, if the etcd is not a local binary.
 */
export function useGrpcProxy(etcd: () => EtcdHandle): StartProxy {
  const proxies: GrpcProxy[] = [];
  let program = '';

  before('an etcd binary exists', async function () {
    const { source, version } = etcd();
    if (source === 'docker' || source === 'external') skip(this, `the etcd is ${source}`);
    program = (await locateEtcd({ version })).etcd;
  });

  afterEach('the proxies are killed', async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.kill()));
  });

  return async ({ before = etcd().endpoints[0]!, ...options } = {}) => {
    const proxy = await GrpcProxy.start(program, before, options);
    proxies.push(proxy);
    return proxy;
  };
}
