import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { withTimeout } from '../../async/index.js';
import { type GroupProcess, groupProcesses } from './group-processes.js';

const POLL_INTERVAL_MS = 20;
const KILL_TIMEOUT_MS = 10_000;
const hasGroups = process.platform !== 'win32';

export interface GroupOptions {
  readonly stdio: StdioOptions;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * A program and all processes that it starts, in their own process group: `ETCD_BIN` may be a script, and a signal to the
 * script does not reach its etcd. A terminal's Ctrl-C does not reach the group; a guard ends the group with its owner.
 * When the program ends first, the rest of the group is killed.
 */
export class ProcessGroup {
  readonly leader: ChildProcess;
  /** Resolves when no process of the group is left. */
  readonly ended: Promise<void>;
  #hasEnded = false;
  #isKilled = false;
  #isStopping = false;

  constructor(program: string, args: readonly string[], options: GroupOptions) {
    this.leader = spawn(program, args, { ...options, detached: hasGroups });
    this.leader.on('error', () => {});
    this.leader.unref();
    this.ended = this.#awaitEnd();
  }

  /** The leader's process id, which is the group's; undefined when the program could not be run. */
  get id(): number | undefined {
    return this.leader.pid;
  }

  /** Whether the program still runs. */
  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.leader;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Whether no process of the group is left. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether it was killed; its processes may exist a little longer. */
  get isKilled(): boolean {
    return this.#isKilled;
  }

  async processes(): Promise<GroupProcess[]> {
    return this.id === undefined || this.#hasEnded ? [] : groupProcesses(this.id);
  }

  /** Sends a signal to each process of the group. */
  signal(name: NodeJS.Signals | 0): boolean {
    if (this.id === undefined || this.#hasEnded) return false;
    if (!hasGroups) return this.leader.kill(name);
    try {
      return process.kill(-this.id, name);
    } catch {
      return false; // no process of the group is left, or only zombies (EPERM on macOS)
    }
  }

  /** Resolves when no process of the group is left. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    this.signal('SIGKILL');
    await this.#end(KILL_TIMEOUT_MS);
  }

  /** Sends SIGTERM, after `timeoutMs` SIGKILL. Resolves when no process of the group is left. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    this.signal('SIGTERM');
    // A stopped process does not handle SIGTERM until it continues.
    this.signal('SIGCONT');
    await this.#end(timeoutMs).catch(() => this.kill());
  }

  /** How the program ended, for an error text. */
  get exitText(): string {
    const { pid, exitCode, signalCode } = this.leader;
    if (pid === undefined) return 'the program could not be run';
    return signalCode ? `it was ended by ${signalCode}` : `it exited with code ${exitCode}`;
  }

  async #end(timeoutMs: number): Promise<void> {
    if (this.isRunning) this.leader.ref();
    await withTimeout(
      this.ended,
      timeoutMs,
      () => new Error(`process group ${this.id} has not ended within ${timeoutMs} ms`),
    );
  }

  async #awaitEnd(): Promise<void> {
    if (this.id !== undefined) {
      await new Promise((resolve) => this.leader.once('exit', resolve));
      if (!this.#isStopping) this.signal('SIGKILL');
      while (this.signal(0) && hasGroups && (await this.processes()).length > 0)
        await sleep(POLL_INTERVAL_MS, undefined, { ref: false });
    }
    this.#hasEnded = true;
  }
}
