import assert from 'node:assert/strict';

type Verdict = 'right' | 'unknown' | 'wrong' | 'missing';

interface Kind {
  readonly name: string;
  readonly expected: string;
  readonly during?: readonly string[];
}

interface Result {
  readonly kind: Kind;
  readonly fault: string;
  readonly verdicts: { readonly page: Verdict; readonly directory: Verdict };
}

interface Judgement {
  verdictOf(expected: string, reasons: readonly (string | undefined)[]): Verdict;
  unknownShare(results: readonly Result[], observer: string): number;
  summarize(results: readonly Result[]): readonly { readonly name: string; readonly count: number }[];
}

interface Wave {
  readonly fault: string;
  readonly departures: readonly { readonly kind: Kind; readonly endpoint: { readonly key: string } }[];
}

async function load<T>(file: string): Promise<T> {
  return (await import(new URL(`../../../../scripts/departures/${file}`, import.meta.url).href)) as T;
}

describe('the campaign of departures', () => {
  describe('judges the reasons of a departure', () => {
    let judgement: Judgement;
    before(async () => {
      judgement = await load('verdict.mjs');
    });

    it('as right, unknown, wrong, or missing', () => {
      const { verdictOf } = judgement;
      assert.equal(verdictOf('deleted', ['deleted']), 'right');
      assert.equal(verdictOf('deleted', ['unknown']), 'unknown');
      assert.equal(verdictOf('deleted', ['lease-ended']), 'wrong');
      assert.equal(verdictOf('deleted', []), 'missing');
      assert.equal(verdictOf('deleted', [undefined]), 'missing');
    });

    it('as wrong if the endpoint departs twice', () => {
      assert.equal(judgement.verdictOf('deleted', ['deleted', 'deleted']), 'wrong');
    });

    it('with the share of unknown ones among the deletes and lease ends on a healthy etcd', () => {
      const result = (expected: string, page: Verdict, fault = 'none'): Result => ({
        kind: { name: expected, expected },
        fault,
        verdicts: { page, directory: 'right' },
      });
      const results = [
        result('deleted', 'unknown'),
        result('lease-ended', 'right'),
        result('drained', 'unknown'),
        result('deleted', 'unknown', 'restart'),
      ];
      assert.equal(judgement.unknownShare(results, 'page'), 0.5);
      assert.equal(judgement.unknownShare(results, 'directory'), 0);
      assert.equal(judgement.unknownShare([], 'page'), 0);
      assert.deepEqual(
        judgement.summarize(results).map(({ name, count }) => [name, count]),
        [
          ['deleted', 1],
          ['deleted; etcd restarts', 1],
          ['drained', 1],
          ['lease-ended', 1],
        ],
      );
    });
  });

  describe('plans waves', () => {
    let schedule: (seed: number, count: number) => readonly Wave[];
    before(async () => {
      ({ schedule } = await load<{ schedule: typeof schedule }>('schedule.mjs'));
    });

    it('that the seed determines', () => {
      assert.deepEqual(schedule(7, 100), schedule(7, 100));
      assert.notDeepEqual(schedule(7, 100), schedule(8, 100));
    });

    it('of as many departures as asked, of different keys', () => {
      const keys = schedule(7, 100).flatMap(({ departures }) =>
        departures.map(({ endpoint }) => endpoint.key),
      );
      assert.equal(new Set(keys).size, 100);
      assert.equal(keys.length, 100);
    });

    it('with faults, in which only kinds with a known reason depart', () => {
      const waves = schedule(7, 200);
      const faults = new Set(waves.map(({ fault }) => fault));
      assert.deepEqual([...faults].sort(), ['cut off', 'none', 'restart', 'wipe']);
      for (const { fault, departures } of waves)
        for (const { kind } of departures) {
          assert.equal(kind.expected === 'store-replaced', fault === 'wipe');
          if (['restart', 'cut off'].includes(fault)) assert.ok(kind.during?.includes(fault), kind.name);
        }
    });
  });
});
