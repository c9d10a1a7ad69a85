import assert from 'node:assert/strict';
import { readTarget } from '#src/cli/target.js';
import { JsonView } from '#src/cli/watching/json-view.js';
import { LineView } from '#src/cli/watching/line-view.js';
import type { WatchView } from '#src/cli/watching/view.js';
import { Code, EtcdError } from '#src/errors/index.js';
import type { EndpointRecord } from '#src/naming/index.js';

describe('a watch in a pipe', () => {
  const target = readTarget('svc');
  const record: EndpointRecord = {
    ...{ key: 'svc/e1', addr: '1.2.3.4:1', metadata: { zone: 'a\n' } },
    ...{ createRevision: 3n, modRevision: 4n, lease: 0xabn },
  };

  /** What a view writes, without the time in front. */
  const lines = (
    make: (output: { write(text: string): void }) => WatchView,
    act: (view: WatchView) => void,
  ) => {
    let text = '';
    const write = (more: string) => {
      text += more;
    };
    const view = make({ write });
    act(view);
    view.end();
    return text.split('\n').slice(0, -1);
  };
  const jsonOf = (act: (view: WatchView) => void) =>
    lines((output) => new JsonView(output, target), act).map((line) => {
      const { time, ...rest } = JSON.parse(line);
      assert.match(time, /^\d{4}-.*Z$/);
      return rest;
    });
  const textOf = (act: (view: WatchView) => void) =>
    lines((output) => new LineView(output, target), act).map((line) => line.replace(/^\S+Z /, ''));

  const snapshot = (view: WatchView) =>
    view.event({
      ...{ type: 'snapshot', reason: 'compacted', revision: 9n },
      ...{ endpoints: new Map([['svc/e1', record]]), invalid: new Set(['svc/bad']) },
    });
  const empty = (view: WatchView) =>
    view.event({ type: 'delta', revision: 10n, added: [], changed: [], removed: [], invalid: new Set() });
  const outage = (view: WatchView) => {
    view.outage(12_345.6, new EtcdError('gone', { code: Code.UNAVAILABLE }));
    view.recovered(20_000);
  };

  it('tells a snapshot whole, with its reason and what is no endpoint', () => {
    const [told] = jsonOf(snapshot);
    assert.deepEqual(
      [told.type, told.reason, told.revision, told.invalid],
      ['snapshot', 'compacted', '9', ['bad']],
    );
    assert.deepEqual(
      [told.endpoints[0].id, told.endpoints[0].lease, told.endpoints[0].modRevision],
      ['e1', '171', '4'],
    );
    assert.deepEqual(textOf(snapshot), [
      'snapshot 1 endpoint reason=compacted revision=9',
      'endpoint e1 1.2.3.4:1 weight=1 zone=a\\x0a revision=4',
      'invalid bad',
    ]);
  });

  it('is silent about what came and went before it was seen', () => {
    assert.deepEqual(jsonOf(empty), []);
    assert.deepEqual(textOf(empty), []);
  });

  it('tells which records are no endpoints, as they come and go', () => {
    const delta = (
      revision: bigint,
      invalid: string[],
      more: { added?: EndpointRecord[]; removed?: string[] } = {},
    ) => ({
      ...{ type: 'delta' as const, revision, added: [], changed: [], removed: [], ...more },
      invalid: new Set(invalid),
    });
    const act = (view: WatchView) => {
      snapshot(view);
      view.event(delta(10n, ['svc/bad', 'svc/worse']));
      view.event(delta(11n, ['svc/bad'], { added: [{ ...record, key: 'svc/worse' }] }));
      view.event(delta(12n, ['svc/bad', 'svc/e1'], { removed: ['svc/e1'] }));
      view.event(delta(13n, ['svc/e1']));
    };
    assert.deepEqual(
      jsonOf(act).map(({ type, invalid, removed }) => [type, invalid, removed]),
      [
        ['snapshot', ['bad'], undefined],
        ['delta', ['bad', 'worse'], []],
        ['delta', ['bad'], []],
        ['delta', ['bad', 'e1'], ['e1']],
        ['delta', ['e1'], []],
      ],
    );
    assert.deepEqual(textOf(act).slice(3), [
      'invalid worse',
      'added worse 1.2.3.4:1 weight=1 zone=a\\x0a revision=4',
      'removed e1 revision=12',
      'invalid e1',
      'removed bad revision=13',
    ]);
  });

  it('tells an outage with its age, and its end', () => {
    assert.deepEqual(jsonOf(outage), [
      { type: 'outage', forMs: 12_346, error: 'UNAVAILABLE: gone' },
      { type: 'recovered', afterMs: 20_000 },
    ]);
    assert.deepEqual(textOf(outage), [
      'outage etcd is not reached, for 12 s: UNAVAILABLE: gone',
      'recovered etcd is reached again, after 20 s',
    ]);
  });
});
