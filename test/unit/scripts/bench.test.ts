import assert from 'node:assert/strict';

interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

interface Options {
  readonly rows: readonly string[];
  readonly contestants: readonly string[];
  readonly rounds?: number;
  readonly quick: boolean;
  readonly json?: string;
  readonly version?: string;
}

interface Statistics {
  percentile(values: readonly number[], share: number): number;
  median(values: readonly number[]): number;
  mean(values: readonly number[]): number;
  slope(xs: readonly number[], ys: readonly number[]): number;
  spread(values: readonly number[]): Spread;
  ratios(values: readonly (number | undefined)[], reference: readonly (number | undefined)[]): number[];
  meanRatio(values: readonly number[]): {
    readonly mean: number;
    readonly low: number;
    readonly high: number;
  };
}

interface Arguments {
  parseArguments(argv: readonly string[], known: object): Options;
  UsageError: new () => Error;
}

interface Arrivals {
  arrivals(options: { perSecond: number; windowMs: number; seed: number }): number[];
  openLoop(call: (index: number) => Promise<void>, times: readonly number[]): Promise<Float64Array>;
}

interface Summary {
  readonly row: string;
  readonly results: readonly {
    readonly contestant: string;
    readonly error?: string;
    readonly metrics: Record<string, Spread & { readonly ratio: Spread; readonly values: unknown[] }>;
  }[];
}

interface Report {
  summarize(row: object, measured: object): Summary;
  rowText(row: object, summary: Summary): string;
  quantity(number: number): string;
}

interface Row {
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly { readonly name: string; readonly title: string }[];
  readonly settings: Record<'full' | 'quick', { readonly rounds: number }>;
  readonly contestants?: readonly string[];
}

async function load<T>(file: string): Promise<T> {
  return (await import(new URL(`../../../../bench/${file}`, import.meta.url).href)) as T;
}

describe('the figures of the benchmark', () => {
  let statistics: Statistics;
  before(async () => {
    statistics = await load('harness/statistics.mjs');
  });

  it('interpolates percentiles between the nearest values, in any order', () => {
    const { percentile, median } = statistics;
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(percentile([30, 10, 20], 0), 10);
    assert.equal(percentile([30, 10, 20], 1), 30);
    assert.equal(percentile([10, 20], 0.25), 12.5);
    assert.equal(percentile([7], 0.99), 7);
    assert.ok(Number.isNaN(median([])));
  });

  it('fits a line by least squares', () => {
    const { mean, slope } = statistics;
    assert.equal(mean([1, 2, 6]), 3);
    assert.equal(slope([1, 2, 3], [10, 12, 14]), 2);
    assert.equal(slope([0, 1, 2], [0, 3, 0]), 0);
    assert.ok(Number.isNaN(slope([1, 1], [2, 3])));
  });

  it('leaves its input in place', () => {
    const values = [3, 1, 2];
    statistics.spread(values);
    assert.deepEqual(values, [3, 1, 2]);
  });

  it('gives the range of the middle four fifths as the spread', () => {
    const values = Array.from({ length: 11 }, (_, i) => i);
    assert.deepEqual(statistics.spread(values), { median: 5, p10: 1, p90: 9 });
  });

  it('divides round by round, and leaves out rounds in which one of the two failed', () => {
    const { ratios } = statistics;
    assert.deepEqual(ratios([2, 9], [4, 3]), [0.5, 3]);
    assert.deepEqual(ratios([2, undefined, 6, 1], [4, 3, undefined, 0]), [0.5]);
    assert.deepEqual(ratios([2, 4], [4]), [0.5]);
  });

  it('have a mean ratio, with the 95 % interval of its logarithm', () => {
    const { meanRatio } = statistics;
    const close = (actual: number, expected: number) =>
      assert.ok(Math.abs(actual - expected) < 1e-3 * expected, `${actual}, not ${expected}`);
    const same = meanRatio([0.5, 2]);
    close(same.mean, 1);
    // The standard error is ln 2, and Student's t with one degree of freedom 12.706.
    close(same.high, 2 ** 12.706);
    close(same.low, 1 / same.high);
    const logs = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    // The standard deviation of the logarithms is 1.026; t with 19 degrees of freedom is 2.093.
    close(meanRatio(logs.map(Math.exp)).high, Math.exp((2.093 * 1.02598) / Math.sqrt(20)));
    assert.ok(Number.isNaN(meanRatio([1]).low));
  });
});

describe('the arguments of the benchmark', () => {
  const known = { rows: ['put-1', 'put-64', 'get-1'], contestants: ['raw', 'ours', 'etcd3'] };
  let script: Arguments;
  before(async () => {
    script = await load('harness/arguments.mjs');
  });
  const refuses = (argv: readonly string[], text: RegExp) =>
    assert.throws(
      () => script.parseArguments(argv, known),
      (error: Error) => error instanceof script.UsageError && text.test(error.message),
    );

  it('selects every row and contestant by default', () => {
    const { rows, contestants, rounds, quick } = script.parseArguments([], known);
    assert.deepEqual([rows, contestants, rounds, quick], [known.rows, known.contestants, undefined, false]);
  });

  it('keeps the order of the output, accepts patterns, and always includes raw', () => {
    const argv = ['--rows', 'get-1, put-*', '--contestants', 'ours', '--rounds', '3', '--quick'];
    const { rows, contestants, rounds, quick } = script.parseArguments(argv, known);
    assert.deepEqual(rows, known.rows);
    assert.deepEqual(contestants, ['raw', 'ours']);
    assert.deepEqual([rounds, quick], [3, true]);
  });

  it('refuses what it does not know, and lists what it knows', () => {
    refuses(['--rows', 'put-1,put-2'], /^unknown row 'put-2': one of put-1, put-64, get-1$/);
    refuses(['--rows', 'x*'], /^unknown row 'x\*'/);
    refuses(['--rows', ''], /^unknown row ''/);
    refuses(['--contestants', 'zookeeper'], /^unknown contestant 'zookeeper': one of raw, ours, etcd3$/);
    refuses(['--rounds', '0'], /--rounds/);
    refuses(['--rounds', '1.5'], /--rounds/);
    refuses(['--fast'], /--fast/);
    refuses(['put-1'], /put-1/);
  });
});

describe('the arrivals of the open loop', () => {
  let script: Arrivals;
  before(async () => {
    script = await load('harness/arrivals.mjs');
  });

  it('are the same for a seed, ordered, within the window, and of the given rate', () => {
    const options = { perSecond: 2_000, windowMs: 5_000, seed: 7 };
    const times = script.arrivals(options);
    assert.deepEqual(script.arrivals(options), times);
    assert.notDeepEqual(script.arrivals({ ...options, seed: 8 }), times);
    assert.ok(times.every((time, i) => time >= (times[i - 1] ?? 0)));
    assert.ok(times.every((time) => time > 0 && time < 5_000));
    assert.ok(times.length > 9_500 && times.length < 10_500, `${times.length} arrivals`);
    const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
    const longer = gaps.filter((gap) => gap > 0.5).length / gaps.length;
    assert.ok(longer > 0.34 && longer < 0.4, `${longer} of the gaps exceed the mean, not 1/e`);
  });

  it('count the latency of a call from its intended arrival, also when the process was busy', async () => {
    const busyMs = 30;
    const started: number[] = [];
    const latencies = await script.openLoop(
      async (index) => {
        started.push(index);
        const end = performance.now() + busyMs;
        while (index === 0 && performance.now() < end);
      },
      [0, 1],
    );
    assert.deepEqual(started, [0, 1]);
    assert.ok((latencies[1] as number) >= busyMs - 1, `${latencies[1]} ms`);
  });

  it('do not wait for the calls before', async () => {
    const open: (() => void)[] = [];
    const latencies = await script.openLoop(
      (index) => {
        if (index === 2) for (const finish of open) finish();
        return index === 2 ? Promise.resolve() : new Promise((resolve) => open.push(resolve));
      },
      [0, 1, 2],
    );
    assert.equal(latencies.length, 3);
  });
});

describe('the report of the benchmark', () => {
  const row = { name: 'put-1', title: 'put', metrics: [{ name: 'cpu', title: 'CPU' }] };
  let report: Report;
  before(async () => {
    report = await load('harness/report.mjs');
  });
  const summarize = (figures: object, failures = {}) =>
    report.summarize(row, { settings: { rounds: 2, windowMs: 5 }, figures, failures });

  it('has the values, their spread and the ratios to raw', () => {
    const summary = summarize({ raw: [{ cpu: 100 }, { cpu: 200 }], ours: [{ cpu: 50 }, { cpu: 300 }] });
    const ours = summary.results[1]?.metrics['cpu'];
    assert.deepEqual(ours?.values, [50, 300]);
    assert.equal(ours?.median, 175);
    assert.deepEqual(ours?.ratio, { median: 1, p10: 0.6, p90: 1.4 });
    const text = report.rowText(row, summary);
    assert.match(text, /put-1: put \(2 rounds, windowMs 5\)/);
    assert.match(text, /this package +175 \[75\.0–275\] +1\.00 \[0\.60–1\.40\]/);
  });

  it('names the failure of a contestant, beside the rounds that it completed', () => {
    const figures = { raw: [{ cpu: 1 }, { cpu: 1 }], ours: [{ cpu: 2 }, undefined], etcd3: [undefined] };
    const text = report.rowText(row, summarize(figures, { ours: 'lost\n  at x', etcd3: 'refused' }));
    assert.match(text, /this package +2\.00 \[2\.00–2\.00\] +2\.00 .*failed: lost$/m);
    assert.match(text, /etcd3 +failed: refused$/m);
  });

  it('becomes a table of the figures of raw and of the ratios to them', async () => {
    const { markdown } = await load<{ markdown(machine: object, results: object[]): string }>(
      'harness/markdown.mjs',
    );
    const machine = {
      node: 'v20',
      etcd: '3.7.1',
      pinned: false,
      contestants: { raw: '1', ours: '2', etcd3: '3' },
    };
    const figures = { raw: [{ cpu: 1_200 }], ours: [{ cpu: 600 }], etcd3: [undefined] };
    const lines = markdown(machine, [summarize(figures, { etcd3: 'refused' })]).split('\n');
    assert.deepEqual(lines.slice(-4), [
      '| Work | raw grpc-js | this package ÷ raw | etcd3 ÷ raw |',
      '| --- | --- | --- | --- |',
      '| put: CPU | 1,200 | 0.50 [0.50–0.50] | – |',
      '',
    ]);
  });

  it('has three digits, or all before the point', () => {
    assert.deepEqual([0.0412, 1.5, 12.34, 123.4, 72_500].map(report.quantity), [
      '0.04',
      '1.50',
      '12.3',
      '123',
      '72,500',
    ]);
  });
});

describe('the rounds of the benchmark', () => {
  it('alternate the order of the contestants', async () => {
    const { orderOf } = await load<{ orderOf(round: number, names: string[]): string[] }>(
      'harness/order.mjs',
    );
    const names = ['raw', 'ours', 'etcd3'];
    assert.deepEqual(orderOf(0, names), names);
    assert.deepEqual(orderOf(1, names), ['etcd3', 'ours', 'raw']);
    assert.deepEqual(names, ['raw', 'ours', 'etcd3']);
  });

  it('share the time of a quick run, and leave unused time to later rows', async () => {
    interface Budget {
      readonly leftMs: number;
      endOfRow(rows: number): number;
    }
    type BudgetClass = new (ms: number | undefined, now: () => number) => Budget;
    const { Budget } = await load<{ Budget: BudgetClass }>('harness/budget.mjs');
    let now = 1_000;
    const budget = new Budget(90, () => now);
    assert.equal(budget.endOfRow(3), 1_030);
    now += 10;
    assert.equal(budget.endOfRow(2), 1_050);
    now += 200;
    assert.equal(budget.leftMs, 0);
    assert.equal(new Budget(undefined, () => now).endOfRow(2), Number.POSITIVE_INFINITY);
  });
});

describe('the rows of the benchmark', () => {
  it('load without the peers, and are complete', async () => {
    const { loadRows } = await load<{ loadRows(): Promise<Row[]> }>('rows/index.mjs');
    const rows = await loadRows();
    assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
    for (const { name, title, metrics, settings, contestants } of rows) {
      assert.match(name, /^[a-z0-9-]+$/);
      assert.ok(title.length > 0 && metrics.length > 0, name);
      assert.ok(settings.full.rounds >= settings.quick.rounds, name);
      assert.ok(contestants === undefined || contestants.includes('raw'), name);
    }
  });

  it('run on the cores in a list of them', async () => {
    const { coresIn } = await load<{ coresIn(list: string): number[] }>('harness/processes.mjs');
    assert.deepEqual(coresIn(' 0-2,5\n'), [0, 1, 2, 5]);
    assert.deepEqual(coresIn('3'), [3]);
  });
});
