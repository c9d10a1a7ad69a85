import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '#src/testing/process-guard.js';
import type { Link } from '../faults/fault.js';
import { nowMs } from './clock.js';
import type { ViewFact } from './history.js';
import type { HistoryRecorder } from './history-recorder.js';
import type { Command, ProcessConfig, Report } from './messages.js';

const program = fileURLToPath(new URL('worker-main.js', import.meta.url));

export type WorkerConfig = Omit<ProcessConfig, 'endpoints' | 'incarnation'> & { readonly name: string };

/** One process of the run, with links of its own to the members; started again under the same name as often as needed. */
export class Worker {
  readonly links: readonly Link[];
  readonly #config: WorkerConfig;
  readonly #history: HistoryRecorder;
  readonly #waiting = new Map<Report['type'], (told: Report) => void>();
  #child: ChildProcess | undefined;
  #starts = 0;
  #stopped = true;
  /** The last views of a viewer, by service. */
  readonly views = new Map<string, ViewFact>();
  /** The last change that a registrar was told to be stored. */
  turn = 0;

  constructor(config: WorkerConfig, links: readonly Link[], recorder: HistoryRecorder) {
    this.#config = config;
    this.links = links;
    this.#history = recorder;
  }

  get name(): string {
    return this.#config.name;
  }

  get role(): ProcessConfig['role'] {
    return this.#config.role;
  }

  /** `r0.3`: its fourth process. */
  get incarnation(): string {
    return `${this.name}.${this.#starts - 1}`;
  }

  /** Of a registrar. */
  get key(): string {
    return `${this.#config.services[0]}/${this.#config.id}`;
  }

  get services(): readonly string[] {
    return this.#config.services;
  }

  /** Whether it is there and was not asked to leave. */
  get running(): boolean {
    return this.#child !== undefined && !this.#stopped;
  }

  start(): void {
    this.#starts++;
    this.#stopped = false;
    this.views.clear();
    this.turn = 0;
    const { incarnation, role, key } = this;
    this.#history.add({
      kind: 'started',
      worker: this.name,
      incarnation,
      key: role === 'registrar' ? key : undefined,
      at: nowMs(),
    });
    const endpoints = this.links.map(({ proxy }) => proxy.endpoint);
    const part: ProcessConfig = { ...this.#config, endpoints, incarnation };
    const child = fork(program, [JSON.stringify(part)], { stdio: 'ignore' });
    const guarding = guard('kill -9 "$1" 2>/dev/null', [String(child.pid)]);
    this.#child = child;
    child.once('exit', () => guarding.release());
    child.on('message', (told: Report) => this.#onReport(incarnation, told));
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
    this.#history.add({ kind: 'paused', incarnation: this.incarnation, at: nowMs() });
  }

  resume(): void {
    this.#history.add({ kind: 'resumed', incarnation: this.incarnation, at: nowMs() });
    this.#child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    this.#stopped = true;
    const gone = once(child, 'exit');
    child.kill('SIGKILL'); // a frozen one dies of it, too
    await gone;
    this.#history.add({ kind: 'killed', incarnation: this.incarnation, at: nowMs() });
  }

  /** Asks it to close, or a viewer's reader to leave; the process goes on and has nothing more to do. */
  async request(asked: Command): Promise<Report> {
    this.#stopped = true;
    const answer = this.role === 'registrar' ? 'closed' : 'unsubscribed';
    const told = new Promise<Report>((resolve) => this.#waiting.set(answer, resolve));
    this.#child?.send(asked);
    return told;
  }

  #onReport(incarnation: string, told: Report): void {
    this.#waiting.get(told.type)?.(told);
    const isNow = incarnation === this.incarnation;
    switch (told.type) {
      case 'view': {
        const view = toView(incarnation, told);
        if (isNow) this.views.set(view.service, view);
        this.#history.addAtRevision(view);
        break;
      }
      case 'changed':
        if (isNow) this.turn = told.turn;
        break;
      case 'closed': // whoever asked for it writes it down
        break;
      case 'registered': {
        const [lease, revision] = [BigInt(told.lease), BigInt(told.revision)];
        this.#history.addAtRevision({ kind: 'registered', incarnation, lease, revision, at: told.at });
        break;
      }
      case 'lost':
        this.#history.add({ kind: 'lost', incarnation, lease: BigInt(told.lease), at: told.at });
        break;
      case 'relisted':
        this.#history.add({ kind: 'relisted', viewer: incarnation, at: told.at, reason: told.reason });
        break;
      case 'unsubscribed':
        this.#history.add({ kind: 'unsubscribed', viewer: incarnation, at: told.at });
    }
  }
}

function toView(viewer: string, told: Report & { type: 'view' }): ViewFact {
  const { service, at, revision, records, held, invalid } = told;
  return {
    kind: 'view',
    viewer,
    service,
    at,
    revision: BigInt(revision),
    records: new Map(records.map(([key, modRevision]) => [key, BigInt(modRevision)])),
    held: new Set(held),
    invalid: new Set(invalid),
  };
}
