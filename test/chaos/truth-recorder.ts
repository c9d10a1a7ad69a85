import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { EtcdMember } from '#src/testing/index.js';
import { guard } from '#src/testing/process/guard.js';
import { encodeFact } from './codec.js';
import { type Etcdctl, eventsOf } from './etcdctl.js';
import type { TruthEvent } from './history.js';
import type { Journal } from './journal.js';

/** Merges the members' events and records where they differ. */
export class TruthLog {
  readonly #journal: Journal;
  readonly #first = new Map<bigint, { readonly member: string; readonly events: readonly TruthEvent[] }>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  add(member: string, revision: bigint, events: readonly TruthEvent[]): void {
    const first = this.#first.get(revision);
    if (!first) {
      this.#first.set(revision, { member, events });
      this.#journal.add({ kind: 'truth', revision, at: this.#journal.now(), events });
    } else if (encodeFact(first.events) !== encodeFact(events)) {
      const members = [first.member, member] as const;
      this.#journal.add({ kind: 'conflict', revision, members, versions: [first.events, events] });
    }
  }
}

const restartMs = 200;

/** Runs `etcdctl watch` on one member, without a proxy, and restarts it from the last revision when it ends. */
export class TruthRecorder {
  readonly #etcdctl: Etcdctl;
  readonly #member: Pick<EtcdMember, 'name' | 'endpoint'>;
  readonly #log: TruthLog;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #last = 0n;
  /** Revisions that a server reported twice: old servers go back in time. */
  repeated = 0;

  constructor(etcdctl: Etcdctl, member: Pick<EtcdMember, 'name' | 'endpoint'>, log: TruthLog) {
    this.#etcdctl = etcdctl;
    this.#member = member;
    this.#log = log;
    this.#start();
  }

  /** The last revision received. */
  get last(): bigint {
    return this.#last;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  #start(): void {
    const from = String(this.#last + 1n);
    const args = ['--endpoints', this.#member.endpoint, 'watch', '--prefix', '', '--rev', from, '-w', 'json'];
    const child = spawn(this.#etcdctl.path, args, {
      env: this.#etcdctl.environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#child = child;
    // Kills etcdctl even if this process crashes.
    const guarding = guard('kill -9 "$1" 2>/dev/null', [String(child.pid)]);
    child.once('exit', () => guarding.release());
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => this.#onLine(line));
    child.on('error', () => {});
    child.once('close', () => {
      this.#child = undefined;
      if (!this.#closed) this.#timer = setTimeout(() => this.#start(), restartMs);
    });
  }

  #onLine(line: string): void {
    for (const { revision, events } of eventsOf(line)) {
      if (revision <= this.#last) {
        this.repeated++;
        continue;
      }
      this.#last = revision;
      this.#log.add(this.#member.name, revision, events);
    }
  }
}
