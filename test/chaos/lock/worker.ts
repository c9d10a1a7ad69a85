import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { guard } from '#src/testing/process/guard.js';
import type { Link } from '../faults/fault.js';
import { nowMs } from '../naming/clock.js';
import type { Command, Report, WorkerConfig } from './messages.js';
import type { Recorder, Reporter } from './recorder.js';

const restartMs = 300;

type Process = ChildProcessByStdio<Writable, Readable, Readable>;

export type WorkerPlan = Omit<WorkerConfig, 'endpoints' | 'incarnation' | 'seed'> & {
  readonly name: string;
  readonly seed: number;
  /** The program and its first arguments. */
  readonly program: readonly [string, ...string[]];
};

/** The program of a worker that runs in Node. */
export function nodeProgram(file: string): readonly [string, ...string[]] {
  return [process.execPath, fileURLToPath(new URL(file, import.meta.url))];
}

/** One process at a time, with its own proxies to the members; restarted under the same name. */
export class Worker {
  readonly links: readonly Link[];
  readonly config: WorkerPlan;
  readonly #recorder: Recorder;
  #process: Process | undefined;
  #commands: Command[] = [];
  #starts = 0;
  #isDrained = false;
  #isPaused = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(config: WorkerPlan, links: readonly Link[], recorder: Recorder) {
    this.config = config;
    this.links = links;
    this.#recorder = recorder;
  }

  get name(): string {
    return this.config.name;
  }

  /** `l0.3`: its fourth process. */
  get incarnation(): string {
    return `${this.name}.${this.#starts - 1}`;
  }

  /** Whether it runs and is not paused. */
  get isRunning(): boolean {
    return this.#process !== undefined && !this.#isPaused;
  }

  get isDrained(): boolean {
    return this.#isDrained;
  }

  start(): void {
    this.#starts++;
    this.#isDrained = false;
    const { incarnation } = this;
    const { program, name, ...config } = this.config;
    const endpoints = this.links.map(({ proxy }) => proxy.endpoint);
    const seed = config.seed * 1_009 + this.#starts;
    const [command, ...args] = program;
    const text = JSON.stringify({ ...config, endpoints, incarnation, seed } satisfies WorkerConfig);
    const child = spawn(command, [...args, text], { stdio: ['pipe', 'pipe', 'pipe'] });
    const guarding = guard('kill -9 "$1" 2>/dev/null', [String(child.pid)]);
    this.#process = child;
    this.#addProcessFact('started');
    const reporter: Reporter = { name, incarnation, config: this.config };
    createInterface(child.stdout).on('line', (line) => this.#onLine(reporter, line));
    child.stdin.on('error', () => {});
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk).slice(-2_000);
    });
    child.once('close', () => {
      guarding.release();
      if (this.#process === child) this.#onCrash(errors);
    });
    for (const sent of this.#commands) this.#write(sent);
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
    this.#isPaused = true;
    this.#addProcessFact('paused');
  }

  resume(): void {
    this.#addProcessFact('resumed');
    this.#isPaused = false;
    this.#process?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    clearTimeout(this.#restart);
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    const gone = once(child, 'close');
    child.kill('SIGKILL'); // also ends a paused process
    await gone;
    this.#isPaused = false;
    this.#addProcessFact('killed');
  }

  /** Sends it to this process, and to those that replace it. */
  send(command: Command): void {
    this.#commands.push(command);
    this.#write(command);
  }

  #write(command: Command): void {
    this.#process?.stdin.write(`${command}\n`);
  }

  #onLine(reporter: Reporter, line: string): void {
    if (!line.startsWith('{') || !line.endsWith('}')) return; // cut by the kill
    const report = JSON.parse(line) as Report;
    if (report.type === 'drained') this.#isDrained = true;
    this.#recorder.onReport(reporter, report);
  }

  #onCrash(text: string): void {
    const { incarnation, config } = this;
    this.#process = undefined;
    this.#recorder.add({ kind: 'crashed', system: config.system, incarnation, at: nowMs(), text });
    this.#restart = setTimeout(() => this.start(), restartMs);
  }

  #addProcessFact(kind: 'started' | 'killed' | 'paused' | 'resumed'): void {
    const { name: worker, incarnation } = this;
    this.#recorder.add({ kind, worker, incarnation, at: nowMs() });
  }
}
