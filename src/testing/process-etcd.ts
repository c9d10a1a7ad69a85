import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdStartError, reasonOf } from './errors.js';
import { ETCD_ENVIRONMENT, type EtcdNode, etcdFlags, type NodeAddresses } from './etcd-node.js';
import { Gateway } from './gateway.js';
import { fileSize, readTail } from './log-tail.js';
import { type Guard, guard } from './process-guard.js';
import { isProcessFrozen } from './process-state.js';
import { type Limits, until } from './wait.js';

const LOG_TAIL_BYTES = 16_384;
const STOP_PATIENCE_MS = 10_000;
const SIGNAL_PATIENCE: Limits = { timeoutMs: 10_000 };

const alive = new Set<ProcessEtcd>();

function removeAllAtExit(): void {
  for (const etcd of alive) etcd.removeSync();
}

/** An etcd that is a child process, with data and log in a folder of its own under the system's temporary one. */
export class ProcessEtcd implements EtcdNode {
  readonly name: string;
  readonly endpoint: string;
  readonly peerUrl: string;
  readonly #binary: string;
  readonly #addresses: NodeAddresses;
  readonly #args: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'etcd-naming-'));
  readonly #gateway: Gateway;
  /** As old as the folder, which is there before the first process and after a killed one. */
  readonly #guard: Guard;
  #child: ChildProcess | undefined;
  #joinExisting = false;
  #logStart = 0;

  constructor(binary: string, addresses: NodeAddresses, args: readonly string[]) {
    this.#binary = binary;
    this.#addresses = addresses;
    this.#args = args;
    this.name = addresses.name;
    this.endpoint = new URL(addresses.advertiseClientUrl).host;
    this.peerUrl = addresses.peerUrl;
    this.#gateway = new Gateway(this.endpoint);
    this.#guard = guard('[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null; rm -rf -- "$1"', [this.#folder]);
    if (!process.listeners('exit').includes(removeAllAtExit)) process.once('exit', removeAllAtExit);
    alive.add(this);
  }

  get pid(): number | undefined {
    return this.#running()?.pid;
  }

  async start(limits: Limits): Promise<void> {
    const child = this.#running() ?? this.#spawn();
    try {
      await until('/health', limits, async () => {
        if (!isRunning(child)) throw new Error(exitText(child));
        return this.#gateway.isHealthy();
      });
    } catch (error) {
      const log = readTail(this.#logFile, LOG_TAIL_BYTES, this.#logStart);
      await kill(child);
      limits.signal?.throwIfAborted();
      throw new EtcdStartError(`etcd ${this.name} did not start: ${reasonOf(error)}\n${log}`, {
        cause: error,
      });
    }
  }

  async pause(): Promise<void> {
    const { pid } = this.#signal('SIGSTOP');
    await until('pause', SIGNAL_PATIENCE, () => isProcessFrozen(pid));
  }

  async resume(): Promise<void> {
    const { pid } = this.#signal('SIGCONT');
    await until('resume', SIGNAL_PATIENCE, async () => !(await isProcessFrozen(pid)));
  }

  async kill(): Promise<void> {
    const child = this.#running();
    if (child) await kill(child);
  }

  async stop(): Promise<void> {
    const child = this.#running();
    if (!child) return;
    const patience = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
    child.kill('SIGTERM');
    // A frozen process takes no SIGTERM until it is woken.
    child.kill('SIGCONT');
    await exited(child);
    clearTimeout(patience);
  }

  async erase(options = { joinExisting: false }): Promise<void> {
    this.#joinExisting = options.joinExisting;
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  log(): string {
    return readTail(this.#logFile, LOG_TAIL_BYTES);
  }

  async remove(): Promise<void> {
    await this.kill();
    alive.delete(this);
    await rm(this.#folder, { recursive: true, force: true });
    this.#guard.release();
  }

  /** For the process's own exit, where nothing can be waited for. */
  removeSync(): void {
    this.#running()?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
    this.#guard.release();
  }

  get #dataDir(): string {
    return join(this.#folder, 'data');
  }

  get #logFile(): string {
    return join(this.#folder, 'etcd.log');
  }

  #running(): ChildProcess | undefined {
    return this.#child && isRunning(this.#child) ? this.#child : undefined;
  }

  #signal(name: NodeJS.Signals): { pid: number } {
    const child = this.#running();
    if (child?.pid === undefined) throw new Error(`etcd ${this.name} is not running`);
    child.kill(name);
    return { pid: child.pid };
  }

  #spawn(): ChildProcess {
    this.#logStart = fileSize(this.#logFile);
    const log = openSync(this.#logFile, 'a');
    const flags = [...etcdFlags(this.#addresses, this.#dataDir, this.#joinExisting), ...this.#args];
    const child = spawn(this.#binary, flags, { stdio: ['ignore', log, log], env: cleanEnvironment() });
    closeSync(log);
    child.unref();
    child.on('error', () => {});
    this.#guard.watch(child.pid);
    // The number may be given to another process once this one is gone.
    child.once('exit', () => this.#child === child && this.#guard.watch(undefined));
    this.#child = child;
    return child;
  }
}

/** Without etcd's own variables: a stray one would be taken as a flag, and is fatal when it contradicts one of ours. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ETCD_'));
  return { ...Object.fromEntries(inherited), ...ETCD_ENVIRONMENT };
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await exited(child);
}

async function exited(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  child.ref();
  await once(child, 'exit');
}

function exitText(child: ChildProcess): string {
  if (child.pid === undefined) return 'the program could not be run';
  return child.signalCode ? `it was ended by ${child.signalCode}` : `it exited with code ${child.exitCode}`;
}
