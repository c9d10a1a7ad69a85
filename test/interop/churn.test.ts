import assert from 'node:assert/strict';
import { decodeEndpoint, type EndpointEvent, EndpointManager, type EndpointOp } from '#src/naming/index.js';
import { useEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import { Opened } from '../support/naming/opened.js';
import { GoNaming, type GoOp, goOrSkip } from './support/go-naming.js';
import { addResult } from './support/table.js';

const seed = Number(process.env['INTEROP_SEED'] ?? Date.now() % 1_000_000);

/** A seeded random number generator (mulberry32). */
function randomFrom(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('changes by both sides, watched by both sides', function () {
  this.timeout(120_000);
  const etcd = useEtcd();
  const opened = new Opened();

  before(function () {
    return goOrSkip(this);
  });

  afterEach(() => opened.close());

  it(`show both the same states in the same order, and the same final state (INTEROP_SEED=${seed})`, async () => {
    const random = randomFrom(seed);
    const target = `${etcd().prefix}churn-${process.hrtime.bigint()}`;
    const client = opened.client(etcd().endpoints);
    const manager = new EndpointManager(client, target);
    const go = opened.add(await GoNaming.start(etcd().endpoints), (program) => program.close());
    const watch = await go.watch(target);
    const view = opened.view(manager);
    const rounds = 300;
    for (let round = 0; round < rounds; round++) {
      const ops = operations(target, round, random);
      if (random() < 0.5) await manager.update(ops);
      else await go.update(target, ops.map(toGo));
    }
    const end = `${target}/~`;
    await manager.addEndpoint(end, { addr: 'end:1' });
    await eventually('both have received the end', () => watch.records.has(end) && view.endpoints.has(end));

    const last = serialize(view.endpoints);
    assert.equal(serialize(watch.records), last);
    assert.equal(serialize(await manager.list()), last);
    assert.equal(serialize(await go.list(target)), last);

    // Each side may receive several revisions at a time and skip states, but not reorder them.
    const truth = await readStates(target, rounds);
    assert.equal(truth.at(-1), last);
    for (const [side, seen] of [
      ['Go', watch.states().map(serialize)],
      ['ours', ourStates(view.events)],
    ] as const) {
      let at = -1;
      for (const picture of seen) {
        const next = truth.indexOf(picture, Math.max(at, 0));
        assert.ok(next >= 0, `${side} showed a state that never existed, or an old one`);
        at = next;
      }
      assert.ok(seen.length > rounds / 10, `${side} showed only ${seen.length} states`);
    }
    addResult({
      wrote: 'both, alternately',
      what: `${rounds} transactions of 1 to 12 adds, updates and deletes`,
      read: 'both, by watch',
      bytes: 'yes',
      result: `same final state; every intermediate state existed in the store, in order`,
    });
  });

  /** The states of the store at each revision that changed the target. */
  async function readStates(target: string, atMost: number): Promise<string[]> {
    const client = opened.client(etcd().endpoints);
    const { revision: now } = await client.kv.get('none');
    const states: string[] = [];
    for (let revision = now - BigInt(atMost) - 1n; revision <= now; revision++) {
      if (revision < 1n) continue;
      const { kvs } = await client.kv.range({ prefix: `${target}/` }, { revision });
      states.push(serialize(new Map(kvs.map(({ key, value }) => [key.toString(), decodeEndpoint(value)]))));
    }
    return states;
  }
});

function operations(target: string, round: number, random: () => number): EndpointOp[] {
  const keys = new Set(
    Array.from({ length: 1 + Math.floor(random() * 12) }, () => `${target}/${Math.floor(random() * 40)}`),
  );
  return [...keys].map((key) =>
    random() < 0.4
      ? { op: 'delete', key }
      : {
          op: 'add',
          key,
          endpoint: { addr: `10.0.${round}.${Math.floor(random() * 256)}:1`, metadata: { round } },
        },
  );
}

function toGo(change: EndpointOp): GoOp {
  const key = String(change.key);
  if (change.op === 'delete') return { op: 'delete', key };
  const { addr, metadata } = change.endpoint;
  return { op: 'add', key, addr, metadata: JSON.stringify(metadata) };
}

function serialize(endpoints: ReadonlyMap<string, { readonly addr: string }>): string {
  const lines = [...endpoints].map(([key, { addr }]) => `${key}=${addr}`);
  return lines.sort().join('\n');
}

/** The state after each event. */
function ourStates(events: readonly EndpointEvent[]): string[] {
  const now = new Map<string, { readonly addr: string }>();
  return events.map((event) => {
    if (event.type === 'snapshot') {
      now.clear();
      for (const [key, record] of event.endpoints) now.set(key, record);
    } else {
      for (const record of [...event.added, ...event.changed]) now.set(record.key, record);
      for (const key of event.removed) now.delete(key);
    }
    return serialize(now);
  });
}
