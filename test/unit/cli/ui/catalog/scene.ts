import { LiveCatalog } from '#src/cli/ui/catalog/catalog.js';
import { classifier } from '#src/cli/ui/catalog/content.js';
import type { DeltaMessage, TimelineEntry } from '#src/cli/ui/protocol/index.js';
import type { DepartureReason, MirrorUpdate, Revision } from '#src/index.js';
import { FakeClock } from '../../../lease/fakes.js';
import { settled } from '../../../watch/fake-watch.js';
import { ScriptedMirrors } from './scripted-mirror.js';

type Reasons = (count: number, signal: AbortSignal) => Promise<readonly DepartureReason[]>;

/** A catalog with scripted mirrors, and what a listener received. */
export class CatalogScene {
  readonly clock = new FakeClock();
  readonly mirrors = new ScriptedMirrors();
  /** What the listener received: a delta, `replaced`, or a state of etcd. */
  readonly received: (DeltaMessage | string)[] = [];
  /** The reads of the probe, each with the function that answers it. */
  readonly reads: {
    readonly answer: (revision?: Revision) => void;
    readonly fail: (error: unknown) => void;
  }[] = [];
  /** How often the leases of records were looked up. */
  lookups = 0;
  reasons: Reasons = async (count) => Array.from({ length: count }, () => 'lease-ended' as const);
  readonly catalog: LiveCatalog;
  readonly unlisten: () => void;

  constructor() {
    this.catalog = new LiveCatalog({
      mirror: this.mirrors.create,
      read: () =>
        new Promise((resolve, reject) =>
          this.reads.push({ answer: (revision = 0n) => resolve({ revision }), fail: reject }),
        ),
      findReasons: (departed, signal) => {
        this.lookups++;
        return this.reasons(departed.length, signal);
      },
      classify: classifier(undefined),
      clock: this.clock,
      wallClock: () => this.clock.now(),
    });
    this.unlisten = this.catalog.listen({
      onDelta: (delta) => this.received.push(delta),
      onReplaced: () => this.received.push('replaced'),
      onStatus: () => this.received.push(this.catalog.status().etcd),
    });
  }

  /** Yields the updates, and waits until the catalog has applied them. */
  async push(...updates: readonly MirrorUpdate[]): Promise<void> {
    for (const update of updates) this.mirrors.current.push(update);
    await settled();
    await settled();
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settled();
    await settled();
  }

  async close(): Promise<void> {
    const closed = this.catalog.close();
    await closed;
  }

  get deltas(): readonly DeltaMessage[] {
    return this.received.filter((one) => typeof one !== 'string');
  }

  /** The entries that were received, in order. */
  get entries(): readonly TimelineEntry[] {
    return this.deltas.flatMap(({ entries }) => entries);
  }

  /** The types of the entries, and the reasons of departures. */
  get story(): readonly string[] {
    return this.entries.map(({ n, what }) => {
      const detail = what.type === 'left' || what.type === 'resync' ? ` ${what.reason}` : '';
      return `${n} ${what.type}${'key' in what ? ` ${what.key}` : ''}${detail}`;
    });
  }
}
