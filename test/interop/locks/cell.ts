import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withTimeout } from '#src/async/index.js';
import type { EtcdClient } from '#src/client/index.js';
import { until } from '#src/testing/wait.js';
import type { Acquired, Attempt } from './attempt.js';
import { Contender, type Programs } from './contender.js';
import type { Side } from './messages.js';
import { milliseconds, SectionLog } from './section-log.js';

/** The shortest TTL that etcd grants with its default election timeout. */
const ttlSeconds = 2;
const stepTimeoutMs = 60_000;
/** How long the holder remains after a waiter's key has vanished, so that the next waiter could enter too early. */
const lingerMs = 150;

export interface CellPlan {
  readonly holder: Side | 'broken';
  readonly waiter: Side | 'broken';
  readonly rounds: number;
  /** In this many rounds the holder is killed. */
  readonly holderKills: number;
  /** In this many rounds a waiter between the holder and the waiter is killed. */
  readonly waiterKills: number;
}

export interface CellResult {
  readonly plan: CellPlan;
  readonly rounds: number;
  readonly holdersKilled: number;
  readonly waitersKilled: number;
  readonly increments: number;
  readonly violations: readonly string[];
  /** From the release to the entry of the waiter. */
  readonly longestWaitMs: number;
  /** From the kill of the holder to the entry of the waiter. */
  readonly longestWaitAfterKillMs: number;
}

interface Setup {
  readonly client: EtcdClient;
  readonly prefix: string;
  readonly programs: Programs;
}

/** Runs one cell of the matrix. What goes wrong is in the result. */
export async function runCell(plan: CellPlan, { client, prefix, programs }: Setup): Promise<CellResult> {
  const { holder, waiter } = plan;
  const contenders = await Promise.all(
    [holder, waiter, waiter].map((side) => Contender.open(side, programs)),
  );
  const cell = new Cell(plan, client, `${prefix}locks/${holder}-${waiter}`, contenders);
  try {
    return await cell.run();
  } finally {
    await Promise.all(contenders.map((contender) => contender.close()));
    cell.close();
  }
}

/** A holder and a waiter that take one lock in turns, and a counter that only the lock protects. */
class Cell {
  readonly #plan: CellPlan;
  readonly #client: EtcdClient;
  readonly #name: string;
  readonly #contenders: readonly Contender[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'etcd-naming-locks-'));
  readonly #log = new SectionLog();
  #ids = 0;
  #rounds = 0;
  #holdersKilled = 0;
  #waitersKilled = 0;
  #longestWaitMs = 0;
  #longestWaitAfterKillMs = 0;

  constructor(plan: CellPlan, client: EtcdClient, name: string, contenders: readonly Contender[]) {
    this.#plan = plan;
    this.#client = client;
    this.#name = name;
    this.#contenders = contenders;
    writeFileSync(this.#counter, '0');
  }

  async run(): Promise<CellResult> {
    const failures: string[] = [];
    try {
      for (; this.#rounds < this.#plan.rounds; this.#rounds++)
        await this.#runRound(this.#kindOf(this.#rounds));
    } catch (error) {
      failures.push(`round ${this.#rounds + 1}: ${error instanceof Error ? error.message : error}`);
    }
    return {
      plan: this.#plan,
      rounds: this.#rounds,
      holdersKilled: this.#holdersKilled,
      waitersKilled: this.#waitersKilled,
      increments: this.#log.increments,
      violations: [...this.#log.violations(Number(readFileSync(this.#counter, 'utf8'))), ...failures],
      longestWaitMs: this.#longestWaitMs,
      longestWaitAfterKillMs: this.#longestWaitAfterKillMs,
    };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #counter(): string {
    return join(this.#folder, 'counter');
  }

  /** Spreads the kills over the rounds. */
  #kindOf(round: number): RoundKind {
    const { rounds, holderKills, waiterKills } = this.#plan;
    const kills = holderKills + waiterKills;
    const before = Math.floor((round * kills) / rounds);
    const after = Math.floor(((round + 1) * kills) / rounds);
    if (before === after) return 'release';
    return Math.floor((before * holderKills) / kills) < Math.floor((after * holderKills) / kills)
      ? 'holder-killed'
      : 'waiter-killed';
  }

  async #runRound(kind: RoundKind): Promise<void> {
    const [holder, waiter, between] = this.#contenders as [Contender, Contender, Contender];
    const holding = await this.#attempt(holder, true, kind === 'waiter-killed' ? lingerMs : 0);
    const acquired = await inTime('the lock', holding.acquired);
    await this.#queued(1);
    if (kind === 'waiter-killed') await this.#attempt(between, false, 0).then(() => this.#queued(2));
    const waiting = await this.#attempt(waiter, false, Math.floor(Math.random() * 6));
    // A waiter that does not wait may have left before its key was seen.
    await Promise.race([this.#queued(kind === 'waiter-killed' ? 3 : 2), waiting.released]);
    if (kind === 'holder-killed') {
      await holder.kill();
      this.#holdersKilled++;
      const endNs = process.hrtime.bigint();
      this.#log.addKilled({ side: this.#plan.holder, acquired, endNs });
      const after = await this.#finish(waiting, this.#plan.waiter);
      this.#longestWaitAfterKillMs = Math.max(this.#longestWaitAfterKillMs, sinceMs(endNs, after));
    } else {
      if (kind === 'waiter-killed') {
        await between.kill();
        this.#waitersKilled++;
        await this.#queued(2);
      }
      holding.proceed();
      await this.#finish(holding, this.#plan.holder);
      const after = await this.#finish(waiting, this.#plan.waiter);
      this.#longestWaitMs = Math.max(this.#longestWaitMs, sinceMs(await holding.left, after));
    }
    await this.#queued(0);
  }

  async #attempt(contender: Contender, gated: boolean, pauseMs: number): Promise<Attempt> {
    const id = ++this.#ids;
    return contender.attempt({ id, name: this.#name, counter: this.#counter, ttlSeconds, pauseMs, gated });
  }

  /** Waits until an attempt has released the lock, and logs its interval. */
  async #finish(attempt: Attempt, side: Side | 'broken'): Promise<Acquired> {
    const acquired = await inTime('the lock', attempt.acquired);
    const endNs = await inTime('the critical section', attempt.left);
    this.#log.addIncrement({ side, acquired, endNs });
    await inTime('the release', attempt.released);
    return acquired;
  }

  async #queued(count: number): Promise<void> {
    await until(`${count} keys in the queue`, { timeoutMs: stepTimeoutMs }, async () => {
      const range = await this.#client.kv.range({ prefix: `${this.#name}/` }, { countOnly: true });
      return Number(range.count) === count;
    });
  }
}

type RoundKind = 'release' | 'holder-killed' | 'waiter-killed';

function sinceMs(startNs: bigint, { atNs }: Acquired): number {
  return milliseconds(atNs - startNs);
}

function inTime<T>(what: string, promise: Promise<T>): Promise<T> {
  return withTimeout(promise, stepTimeoutMs, () => new Error(`${what} took longer than ${stepTimeoutMs} ms`));
}
