import assert from 'node:assert/strict';
import fc from 'fast-check';
import { goEndpoints, ServiceDirectory } from '#src/naming/index.js';
import { lineCodec } from '../../../../support/naming/line-codec.js';
import { FakeClient, type FakeMirror, settled } from '../../fake-service.js';

const prefixes = ['svc/', '/lines/svc/'] as const;
type Prefix = (typeof prefixes)[number];
/** Spelled in two ways, so that records have the same address with different texts. */
const addrs = ['a:1', 'A:1', 'b:1', 'c:1'] as const;
const ids = ['1', '2', '3'] as const;

type Step =
  | { readonly type: 'put'; readonly prefix: Prefix; readonly id: string; readonly addr: string }
  | { readonly type: 'remove'; readonly prefix: Prefix; readonly id: string }
  /** The mirror lists again, after changes that it did not see. */
  | { readonly type: 'list'; readonly prefix: Prefix; readonly records: Readonly<Record<string, string>> }
  /** Lets everything arrive that was sent. Without it, several changes arrive in one go. */
  | { readonly type: 'settle' };

const anyPrefix = fc.constantFrom(...prefixes);
const anyId = fc.constantFrom(...ids);
const anyAddr = fc.constantFrom(...addrs, 'not an address');
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), prefix: anyPrefix, id: anyId, addr: anyAddr }),
  fc.record({ type: fc.constant('remove' as const), prefix: anyPrefix, id: anyId }),
  fc.record({
    type: fc.constant('list' as const),
    prefix: anyPrefix,
    records: fc.dictionary(anyId, anyAddr),
  }),
  fc.constant({ type: 'settle' as const }),
);

/** The records of each prefix as they were sent; undefined before its first list. */
type Sent = Map<Prefix, Map<string, string>>;

/** The endpoints that the view must have: of each address, the records of the first prefix with it. */
function viewOf(sent: Sent): string[] | undefined {
  const all: string[] = [];
  const taken = new Set<string>();
  for (const prefix of prefixes) {
    const records = sent.get(prefix);
    if (!records) return undefined;
    const usable = [...records].filter(([, addr]) => addr !== 'not an address');
    const free = usable.filter(([, addr]) => !taken.has(addr.toLowerCase()));
    for (const [id, addr] of free) all.push(`${prefix}${id} ${addr}`);
    for (const [, addr] of usable) taken.add(addr.toLowerCase());
  }
  return all.sort();
}

function invalidOf(sent: Sent): string[] {
  return prefixes
    .flatMap((prefix) =>
      [...(sent.get(prefix) ?? [])].flatMap(([id, addr]) =>
        addr === 'not an address' ? [`${prefix}${id}`] : [],
      ),
    )
    .sort();
}

describe('the view of a service with two prefixes', () => {
  it('is that of the records that arrived, in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 25 }), async (steps) => {
        const etcd = new FakeClient();
        const directory = new ServiceDirectory(etcd.client, {
          codec: [goEndpoints, lineCodec],
          lossProtection: { protectionMs: 0 },
        });
        const reported: (readonly string[])[] = [];
        directory.follow('svc', {
          onView: ({ endpoints }) => reported.push(endpoints.map(({ key, addr }) => `${key} ${addr}`).sort()),
          onFailure: () => {}, // the client closes
        });
        await settled();
        const sent: Sent = new Map();
        for (const step of steps) {
          if (step.type === 'settle') {
            await settled();
            continue;
          }
          const mirror = etcd.mirrors.find(({ prefix }) => prefix === step.prefix)!;
          send(mirror, step, sent);
        }
        await settled();
        const view = directory.get('svc');
        const expected = viewOf(sent);
        assert.deepEqual(view?.endpoints.map(({ key, addr }) => `${key} ${addr}`).sort(), expected);
        assert.deepEqual(reported.at(-1), expected);
        if (view) assert.deepEqual([...view.invalid].sort(), invalidOf(sent));
        etcd.close();
      }),
      { numRuns: 200 },
    );
  });
});

/** Sends a change. Before the first list of a prefix, a mirror sends none. */
function send(mirror: FakeMirror, step: Exclude<Step, { type: 'settle' }>, sent: Sent): void {
  const valueIn = (addr: string) =>
    mirror.prefix === 'svc/' && addr !== 'not an address' ? JSON.stringify({ Addr: addr }) : addr;
  if (step.type === 'list') {
    sent.set(step.prefix, new Map(Object.entries(step.records)));
    mirror.values(Object.fromEntries(Object.entries(step.records).map(([id, addr]) => [id, valueIn(addr)])));
    return;
  }
  const records = sent.get(step.prefix);
  if (!records) return;
  if (step.type === 'put') {
    records.set(step.id, step.addr);
    mirror.put(step.id, valueIn(step.addr));
  } else if (records.delete(step.id)) mirror.remove(step.id);
}
