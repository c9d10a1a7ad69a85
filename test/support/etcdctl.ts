import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { EtcdHandle } from '#src/testing/index.js';
import { skip } from './etcd.js';
import { eventually } from './eventually.js';

/** etcd's command line tool, as an operator uses it. */
export class Etcdctl {
  readonly #program: string;
  readonly #endpoints: string;

  constructor(program: string, etcd: EtcdHandle) {
    this.#program = program;
    this.#endpoints = `--endpoints=${etcd.endpoints.join(',')}`;
  }

  /** Returns etcdctl, or skips the test with a message when there is none. */
  static orSkip(context: Mocha.Context, etcd: EtcdHandle): Etcdctl {
    if (etcd.etcdctl) return new Etcdctl(etcd.etcdctl, etcd);
    skip(context, 'there is no etcdctl');
  }

  async run(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#program, [this.#endpoints, ...args], {
      env: this.#env,
    });
    return stdout;
  }

  /** The value as `get --print-value-only` prints it, without the final newline. */
  async value(key: string): Promise<string> {
    return (await this.run('get', '--print-value-only', key)).replace(/\n$/, '');
  }

  /** Grants a lease. Returns its id in etcdctl's form. */
  async grant(ttlSeconds: number): Promise<string> {
    const text = await this.run('lease', 'grant', String(ttlSeconds));
    const id = /lease ([0-9a-f]+) granted/.exec(text)?.[1];
    if (!id) throw new Error(`etcdctl lease grant printed: ${text}`);
    return id;
  }

  /** `lease keep-alive` as a process, once it has renewed the lease. */
  async keepAlive(lease: string): Promise<KeepAliveProcess> {
    const child = spawn(this.#program, [this.#endpoints, 'lease', 'keep-alive', lease], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const process = new KeepAliveProcess(child);
    await eventually('etcdctl keeps the lease alive', () => process.renewals > 0);
    return process;
  }

  /** Starts a command that runs until it is stopped, such as `lock`. */
  start(...args: string[]): EtcdctlProcess {
    return new EtcdctlProcess(
      spawn(this.#program, [this.#endpoints, ...args], {
        env: this.#env,
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
  }

  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, ETCDCTL_API: '3' };
  }
}

export class EtcdctlProcess {
  stdout = '';
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (text: Buffer) => {
      this.stdout += text.toString();
    });
  }

  /** Ends it as an operator does. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }
}

export class KeepAliveProcess {
  renewals = 0;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (text: Buffer) => {
      this.renewals += text.toString().split('keepalived').length - 1;
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
