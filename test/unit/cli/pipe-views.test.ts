import assert from 'node:assert/strict';
import { parseTargetArgument } from '#src/cli/args/target.js';
import { JsonView } from '#src/cli/views/json-view.js';
import { LineView } from '#src/cli/views/line-view.js';
import type { WatchView } from '#src/cli/views/view.js';
import { Code, EtcdError } from '#src/errors/index.js';
import type { EndpointRecord } from '#src/naming/index.js';

describe('watch in a pipe', () => {
  const target = parseTargetArgument('svc');
  const record: EndpointRecord = {
    ...{ key: 'svc/e1', addr: '1.2.3.4:1', metadata: { zone: 'a\n' } },
    ...{ createRevision: 3n, modRevision: 4n, lease: 0xabn },
  };

  /** The lines that a view writes. */
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
    view.close();
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
    view.onEvent({
      ...{ type: 'snapshot', reason: 'compacted', revision: 9n },
      ...{ endpoints: new Map([['svc/e1', record]]), invalid: new Set(['svc/bad']) },
    });
  const empty = (view: WatchView) =>
    view.onEvent({ type: 'delta', revision: 10n, added: [], changed: [], removed: [], invalid: new Set() });
  const outage = (view: WatchView) => {
    view.onOutage(12_345.6, new EtcdError('gone', { code: Code.UNAVAILABLE }));
    view.onRecovery(20_000);
  };

  it('adds the lease, the revision of the creation and the metadata to a line if it is wide', () => {
    const [, printed] = lines((output) => new LineView(output, target, true), snapshot);
    assert.match(
      printed ?? '',
      / revision=4 create-revision=3 lease-id=00000000000000ab metadata=\{"zone":"a\\n"\}$/,
    );
  });

  it('prints a snapshot with its reason, its endpoints and the invalid keys', () => {
    const [printed] = jsonOf(snapshot);
    assert.deepEqual(
      [printed.type, printed.reason, printed.revision, printed.invalid],
      ['snapshot', 'compacted', '9', ['bad']],
    );
    assert.deepEqual(
      [printed.endpoints[0].id, printed.endpoints[0].lease, printed.endpoints[0].modRevision],
      ['e1', '171', '4'],
    );
    assert.deepEqual(textOf(snapshot), [
      'snapshot 1 endpoint reason=compacted revision=9',
      'endpoint e1 1.2.3.4:1 weight=1 zone=a\\x0a revision=4',
      'invalid bad',
    ]);
  });

  it('prints nothing for a delta without a difference', () => {
    assert.deepEqual(jsonOf(empty), []);
    assert.deepEqual(textOf(empty), []);
  });

  it('prints which keys become invalid, and which invalid keys are deleted', () => {
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
      view.onEvent(delta(10n, ['svc/bad', 'svc/worse']));
      view.onEvent(delta(11n, ['svc/bad'], { added: [{ ...record, key: 'svc/worse' }] }));
      view.onEvent(delta(12n, ['svc/bad', 'svc/e1'], { removed: ['svc/e1'] }));
      view.onEvent(delta(13n, ['svc/e1']));
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
      'deleted bad revision=13',
    ]);
  });

  describe('with the reasons of removals', () => {
    const removals = new Map([['svc/e1', { record, reason: 'lease-ended' as const }]]);
    const list = { type: 'snapshot' as const, endpoints: new Map(), invalid: new Set<string>() };
    const delta = { type: 'delta' as const, added: [], changed: [], removed: ['svc/e1'] };
    const events = (view: WatchView) => {
      snapshot(view);
      view.onEvent({ ...delta, revision: 10n, invalid: new Set() }, removals);
      view.onEvent({ ...list, reason: 'rolled-back', revision: 11n }, removals);
    };

    it('prints them in the line of the removal, also after a later snapshot', () => {
      assert.deepEqual(textOf(events).slice(3), [
        'removed e1 revision=10 reason=lease-ended',
        'deleted bad revision=10',
        'snapshot 0 endpoints reason=rolled-back revision=11',
        'removed e1 revision=11 reason=lease-ended',
      ]);
    });

    it('prints them as a member of JSON', () => {
      const departed = [{ id: 'e1', addr: '1.2.3.4:1', reason: 'lease-ended' }];
      assert.deepEqual(
        jsonOf(events).map((line) => line.departed),
        [[], departed, departed],
      );
    });
  });

  it('prints an outage with its duration, and the recovery', () => {
    assert.deepEqual(jsonOf(outage), [
      { type: 'outage', forMs: 12_346, error: 'UNAVAILABLE: gone' },
      { type: 'recovered', afterMs: 20_000 },
    ]);
    assert.deepEqual(textOf(outage), [
      'outage etcd is unreachable for 12 s: UNAVAILABLE: gone',
      'recovered etcd is reachable again after 20 s',
    ]);
  });
});
