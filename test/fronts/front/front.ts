import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '#src/testing/ports.js';
import { ProcessGroup } from '#src/testing/process/group.js';
import { type Guard, guard } from '#src/testing/process/guard.js';
import { until } from '#src/testing/wait.js';
import { type LoggedRequest, parseLog } from './log.js';
import type { FrontKind, FrontSettings } from './settings.js';

const startTimeoutMs = 10_000;
const stopTimeoutMs = 10_000;
const signalIntervalMs = 500;

/** A front end in a process of its own, on a free port. */
export class Front implements AsyncDisposable {
  readonly port: number;
  readonly #kind: FrontKind;
  readonly #folder: string;
  readonly #log: string;
  #group: ProcessGroup | undefined;
  readonly #guard: Guard;

  private constructor(kind: FrontKind, folder: string, port: number) {
    this.#kind = kind;
    this.#folder = folder;
    this.#log = join(folder, 'access.log');
    this.port = port;
    // Ends the processes and deletes the files even if this process crashes.
    this.#guard = guard('[ -n "$pid" ] && kill -9 "-$pid" 2>/dev/null; rm -rf -- "$1"', [folder]);
  }

  static async start(kind: FrontKind, settings: Omit<FrontSettings, 'port' | 'log'>): Promise<Front> {
    const folder = await mkdtemp(join(tmpdir(), 'etcd-naming-front-'));
    const [port = 0] = await freePorts(1);
    const front = new Front(kind, folder, port);
    try {
      await mkdir(join(folder, 'temporary'));
      await writeFile(front.#log, '');
      await writeFile(front.#configFile, await kind.config({ ...settings, port, log: front.#log }));
      await front.start();
      return front;
    } catch (error) {
      await front.close();
      throw error;
    }
  }

  /** Resolves when it accepts connections. */
  async start(): Promise<void> {
    const group = this.#spawn();
    await until(`${this.#kind.name} listens`, { timeoutMs: startTimeoutMs }, async () => {
      if (!group.isRunning) throw new Error(`${this.#kind.name}: ${group.exitText}:\n${await this.output()}`);
      return accepts(this.port);
    });
  }

  /** Reads the configuration again, as an operator does: new workers replace the old ones. */
  reload(): void {
    this.#group?.leader.kill(this.#kind.reloadSignal);
  }

  /** Ends it after its connections, or a second. */
  async stop(): Promise<void> {
    // Sent again: HAProxy 2.6 ignores a signal while it starts.
    const signal = setInterval(() => this.#group?.leader.kill(this.#kind.stopSignal), signalIntervalMs);
    this.#group?.leader.kill(this.#kind.stopSignal);
    try {
      const limits = { timeoutMs: stopTimeoutMs };
      await until(`${this.#kind.name} stops`, limits, () => this.#group?.hasEnded !== false);
    } finally {
      clearInterval(signal);
    }
    this.#guard.watch(undefined);
  }

  /** Sends SIGKILL to all its processes. */
  async kill(): Promise<void> {
    await this.#group?.kill();
    this.#guard.watch(undefined);
  }

  /** The requests, in mode `tcp` the connections, that have ended. */
  async ended(): Promise<LoggedRequest[]> {
    return parseLog(await readFile(this.#log, 'utf8'));
  }

  /** What the program reported. */
  output(): Promise<string> {
    return readFile(this.#outputFile, 'utf8');
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
    this.#guard.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #configFile(): string {
    return join(this.#folder, 'front.conf');
  }

  get #outputFile(): string {
    return this.#kind.logsToOutput ? this.#log : join(this.#folder, 'output.log');
  }

  #spawn(): ProcessGroup {
    const output = openSync(this.#outputFile, 'a');
    const args = this.#kind.args(this.#configFile, this.#folder);
    const group = new ProcessGroup(this.#kind.program, args, { stdio: ['ignore', output, output] });
    closeSync(output);
    this.#guard.watch(group.id);
    this.#group = group;
    return group;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
