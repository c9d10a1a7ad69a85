import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdStartError, reasonOf } from '../errors.js';
import { ETCD_ENVIRONMENT, type EtcdNode, etcdFlags, type NodeAddresses } from '../etcd-node.js';
import { GatewayClient } from '../gateway-client.js';
import type { Security } from '../security/security.js';
import type { TlsFiles } from '../security/server-tls.js';
import { until, type WaitLimits } from '../wait.js';
import { isBootstrapIncomplete } from './bootstrap.js';
import { ProcessGroup } from './group.js';
import { type Guard, guard } from './guard.js';
import { fileSize, readTail } from './log-tail.js';
import { findServerPid, type ServerProgram, waitUntilClosed } from './server-process.js';

const LOG_TAIL_BYTES = 16_384;
const STOP_TIMEOUT_MS = 10_000;
const SIGNAL_LIMITS: WaitLimits = { timeoutMs: 10_000 };

const alive = new Set<ProcessEtcd>();

function removeAllAtExit(): void {
  for (const etcd of alive) etcd.removeSync();
}

/** What the processes of one plan share. */
export interface ProcessSettings {
  /** Additional flags, which override the others. */
  readonly args: readonly string[];
  readonly security: Security;
  readonly files: TlsFiles;
}

/** An etcd as a child process, or started by a script that is one. Its data and its log are in a temporary folder. */
export class ProcessEtcd implements EtcdNode {
  readonly name: string;
  readonly endpoint: string;
  readonly peerUrl: string;
  readonly gateway: GatewayClient;
  readonly #binary: string;
  readonly #addresses: NodeAddresses;
  readonly #settings: ProcessSettings;
  readonly #folder = mkdtempSync(join(tmpdir(), 'etcd-naming-'));
  /** Lives as long as the folder, which exists before the first process and after a killed one. */
  readonly #guard: Guard;
  #group: ProcessGroup | undefined;
  /** The process of the group that is etcd itself, once it is known. */
  #server: number | undefined;
  /** While a search for the pids runs. */
  #pidsOfGroup: Promise<readonly number[]> | undefined;
  #joinExisting = false;
  #logStart = 0;

  constructor(binary: string, addresses: NodeAddresses, settings: ProcessSettings) {
    this.#binary = binary;
    this.#addresses = addresses;
    this.#settings = settings;
    this.name = addresses.name;
    this.endpoint = new URL(addresses.advertiseClientUrl).host;
    this.peerUrl = addresses.peerUrl;
    this.gateway = new GatewayClient(this.endpoint, settings.security.gatewayAccess);
    this.#guard = guard('[ -n "$pid" ] && kill -9 "-$pid" 2>/dev/null; rm -rf -- "$1"', [this.#folder]);
    if (!process.listeners('exit').includes(removeAllAtExit)) process.once('exit', removeAllAtExit);
    alive.add(this);
    for (const [name, content] of Object.entries(settings.files))
      writeFileSync(join(this.#folder, name), content, { mode: 0o600 });
  }

  get pid(): number | undefined {
    const group = this.#running();
    return group && (this.#server ?? group.id);
  }

  /** The processes that may be etcd itself. While it starts, callers at the same time share one look at all processes. */
  pids(): Promise<readonly number[]> {
    if (this.#server !== undefined) return Promise.resolve([this.#server]);
    this.#pidsOfGroup ??= this.#findPids().finally(() => {
      this.#pidsOfGroup = undefined;
    });
    return this.#pidsOfGroup;
  }

  async #findPids(): Promise<readonly number[]> {
    return ((await this.#running()?.processes()) ?? []).map(({ pid }) => pid);
  }

  async start(limits: WaitLimits): Promise<void> {
    const group = this.#running() ?? this.#spawn();
    try {
      await until('/health', limits, async () => {
        if (!group.isRunning) throw new Error(group.exitText);
        return this.gateway.isHealthy();
      });
      this.#server = await findServerPid(this.#program, group);
    } catch (error) {
      const log = readTail(this.#logFile, LOG_TAIL_BYTES, this.#logStart);
      await group.kill();
      limits.signal?.throwIfAborted();
      throw new EtcdStartError(`etcd ${this.name} did not start: ${reasonOf(error)}\n${log}`, {
        cause: error,
      });
    }
  }

  async pause(): Promise<void> {
    await this.#signal('SIGSTOP', 'pause', true);
  }

  async resume(): Promise<void> {
    await this.#signal('SIGCONT', 'resume', false);
  }

  async kill(): Promise<void> {
    const group = this.#running();
    if (!group) return;
    await group.kill();
    await waitUntilClosed(this.#program);
  }

  async stop(): Promise<void> {
    const group = this.#running();
    if (!group) return;
    await group.stop(STOP_TIMEOUT_MS);
    await waitUntilClosed(this.#program);
  }

  async erase(options = { joinExisting: false }): Promise<void> {
    this.#joinExisting = options.joinExisting;
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  log(): string {
    return readTail(this.#logFile, LOG_TAIL_BYTES);
  }

  async remove(): Promise<void> {
    try {
      await this.kill();
    } finally {
      alive.delete(this);
      await rm(this.#folder, { recursive: true, force: true });
      this.#guard.release();
    }
  }

  /** For the exit of this process, where nothing can be awaited. */
  removeSync(): void {
    this.#running()?.signal('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
    this.#guard.release();
  }

  get #program(): ServerProgram {
    return { path: this.#binary, endpoint: this.endpoint, dataDir: this.#dataDir };
  }

  get #dataDir(): string {
    return join(this.#folder, 'data');
  }

  get #logFile(): string {
    return join(this.#folder, 'etcd.log');
  }

  #running(): ProcessGroup | undefined {
    return this.#group?.hasEnded === false ? this.#group : undefined;
  }

  async #signal(name: NodeJS.Signals, what: string, isFrozen: boolean): Promise<void> {
    const group = this.#running();
    group?.signal(name);
    await until(what, SIGNAL_LIMITS, async () => {
      const processes = group && !group.isKilled ? await group.processes() : [];
      if (processes.length === 0) throw new Error(`etcd ${this.name} is not running`);
      return processes.every((one) => one.isFrozen === isFrozen);
    });
  }

  #spawn(): ProcessGroup {
    if (isBootstrapIncomplete(this.#dataDir)) rmSync(this.#dataDir, { recursive: true, force: true });
    this.#logStart = fileSize(this.#logFile);
    const log = openSync(this.#logFile, 'a');
    const { security, args } = this.#settings;
    const folders = { data: this.#dataDir, tls: this.#folder };
    const flags = [...etcdFlags(this.#addresses, folders, this.#joinExisting, security), ...args];
    const group = new ProcessGroup(this.#binary, flags, {
      stdio: ['ignore', log, log],
      env: cleanEnvironment(),
    });
    closeSync(log);
    this.#group = group;
    this.#server = undefined;
    this.#guard.watch(group.id);
    // The system may reuse the id after the group has ended.
    void group.ended.then(() => this.#group === group && this.#guard.watch(undefined));
    return group;
  }
}

/** Removes etcd's own variables: etcd reads them as flags, and one that contradicts a flag of ours is fatal. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ETCD_'));
  return { ...Object.fromEntries(inherited), ...ETCD_ENVIRONMENT };
}
