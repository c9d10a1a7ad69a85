import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guard } from '#src/testing/process/guard.js';
import type { Link } from '../faults/fault.js';
import { nowMs } from './clock.js';
import type { ViewFact } from './history.js';
import type { HistoryRecorder } from './history-recorder.js';
import type { Command, ProcessConfig, Report } from './messages.js';

const program = fileURLToPath(new URL('worker-main.js', import.meta.url));

export type WorkerConfig = Omit<ProcessConfig, 'endpoints' | 'incarnation'> & { readonly name: string };

/** A worker of the run: one process at a time, with its own proxies to the members; restarted under the same name. */
export class Worker {
  readonly links: readonly Link[];
  readonly #config: WorkerConfig;
  readonly #history: HistoryRecorder;
  readonly #waiting = new Map<Report['type'], (report: Report) => void>();
  #child: ChildProcess | undefined;
  #starts = 0;
  #stopped = true;
  /** A viewer's last views, by service. */
  readonly views = new Map<string, ViewFact>();
  /** The number of a registrar's last acknowledged update. */
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

  /** The key of a registrar's record. */
  get key(): string {
    return `${this.#config.services[0]}/${this.#config.id}`;
  }

  get services(): readonly string[] {
    return this.#config.services;
  }

  /** Whether its process runs and was not asked to stop. */
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
    const config: ProcessConfig = { ...this.#config, endpoints, incarnation };
    const child = fork(program, [JSON.stringify(config)], { stdio: 'ignore' });
    const guarding = guard('kill -9 "$1" 2>/dev/null', [String(child.pid)]);
    this.#child = child;
    child.once('exit', () => guarding.release());
    child.on('message', (report: Report) => this.#onReport(incarnation, report));
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
    child.kill('SIGKILL'); // also ends a paused process
    await gone;
    this.#history.add({ kind: 'killed', incarnation: this.incarnation, at: nowMs() });
  }

  /** Asks it to close, or a viewer to unsubscribe. The process continues without any work. */
  async request(command: Command): Promise<Report> {
    this.#stopped = true;
    const answer = this.role === 'registrar' ? 'closed' : 'unsubscribed';
    const report = new Promise<Report>((resolve) => this.#waiting.set(answer, resolve));
    this.#child?.send(command);
    return report;
  }

  #onReport(incarnation: string, report: Report): void {
    this.#waiting.get(report.type)?.(report);
    const isNow = incarnation === this.incarnation;
    switch (report.type) {
      case 'view': {
        const view = toView(incarnation, report);
        if (isNow) this.views.set(view.service, view);
        this.#history.addAtRevision(view);
        break;
      }
      case 'changed':
        if (isNow) this.turn = report.turn;
        break;
      case 'closed': // recorded by the caller of request()
        break;
      case 'registered': {
        const [lease, revision] = [BigInt(report.lease), BigInt(report.revision)];
        this.#history.addAtRevision({ kind: 'registered', incarnation, lease, revision, at: report.at });
        break;
      }
      case 'lost':
        this.#history.add({ kind: 'lost', incarnation, lease: BigInt(report.lease), at: report.at });
        break;
      case 'relisted':
        this.#history.add({ kind: 'relisted', viewer: incarnation, at: report.at, reason: report.reason });
        break;
      case 'unsubscribed':
        this.#history.add({ kind: 'unsubscribed', viewer: incarnation, at: report.at });
    }
  }
}

function toView(viewer: string, report: Report & { type: 'view' }): ViewFact {
  const { service, at, revision, records, unconfirmed, invalid } = report;
  return {
    kind: 'view',
    viewer,
    service,
    at,
    revision: BigInt(revision),
    records: new Map(records.map(([key, modRevision]) => [key, BigInt(modRevision)])),
    unconfirmed: new Set(unconfirmed),
    invalid: new Set(invalid),
  };
}
