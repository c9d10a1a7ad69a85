import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { eventually } from '../../support/eventually.js';
import { goProgram } from './go-build.js';

/** What `test/interop/go-election` writes. */
export interface GoElectionLine {
  readonly event: 'elected' | 'proclaimed' | 'resigned' | 'leader' | 'closed' | 'failed';
  readonly key?: string;
  readonly value?: string;
  readonly rev?: number;
  readonly error?: string;
}

/** A program that takes part in an election and prints lines. */
export class ElectionProcess {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #leaveSignal: 'SIGINT' | undefined;

  /** @param leaveSignal Makes the program leave the election; undefined if the end of its input does. */
  private constructor(child: ChildProcess, leaveSignal: 'SIGINT' | undefined) {
    this.#child = child;
    this.#leaveSignal = leaveSignal;
    if (child.stdout) createInterface(child.stdout).on('line', (line) => this.lines.push(line));
    child.stdin?.on('error', () => {});
  }

  static async #start(
    program: string,
    args: readonly string[],
    leaveSignal: 'SIGINT' | undefined,
  ): Promise<ElectionProcess> {
    const env = { ...process.env, ETCDCTL_API: '3' };
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child, 'spawn');
    return new ElectionProcess(child, leaveSignal);
  }

  /** Go's `concurrency.Election`, by the arguments of `test/interop/go-election`. */
  static async go(...args: readonly string[]): Promise<ElectionProcess> {
    return ElectionProcess.#start(await goProgram('go-election'), args, undefined);
  }

  /** `etcdctl elect`, which prints the leader's key and value on two lines. */
  static etcdctl(
    program: string,
    endpoints: readonly string[],
    ...args: readonly string[]
  ): Promise<ElectionProcess> {
    const global = [`--endpoints=${endpoints.join()}`, 'elect'];
    return ElectionProcess.#start(program, [...global, ...args], 'SIGINT');
  }

  /** Resolves with the first line that satisfies the condition. */
  async line(what: string, condition: (line: string) => boolean): Promise<string> {
    return eventually(what, () => this.lines.find(condition));
  }

  /** Resolves with the first event of the Go program that has these members. */
  async event(expected: Partial<GoElectionLine>): Promise<GoElectionLine> {
    const matches = (line: string) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      return Object.entries(expected).every(([name, value]) => event[name] === value);
    };
    return JSON.parse(await this.line(JSON.stringify(expected), matches)) as GoElectionLine;
  }

  /** Sends an order to the Go program. */
  order(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Lets the program leave the election, and revoke its lease. */
  async leave(): Promise<void> {
    this.#child.stdin?.end();
    await this.#end(this.#leaveSignal);
  }

  /** Kills the program: its key stays until its lease expires. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: 'SIGINT' | 'SIGKILL' | undefined): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    if (signal) this.#child.kill(signal);
    await exited;
  }
}
