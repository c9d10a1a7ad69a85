import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sumOf } from '../../soak/etcd-figures.js';
import { type Gauges, gaugeNames } from '../../soak/messages.js';
import { commandOf } from '../../soak/report/record.js';
import { slopeRow } from '../../soak/report/slopes.js';
import { drawSamples } from '../../soak/report/svg.js';
import { SampleLog, type SeriesSet, seriesNames } from '../../soak/samples.js';
import { parseSettings } from '../../soak/settings.js';
import { countPeers } from '../../soak/worker/connections.js';
import { emptyCounts } from '../../soak/worker/load.js';

describe('the options of a soak', () => {
  it('have defaults', () => {
    const { hours, callsPerSecond, faultSeconds, leak } = parseSettings([]);
    assert.deepEqual([hours, callsPerSecond, faultSeconds, leak], [0.75, 200, 30, undefined]);
  });

  for (const args of [
    ['--hours', '0'],
    ['--hours', ''],
    ['--hours', '1e9'],
    ['--leak', 'all'],
    ['--calls', '0'],
    ['--minutes', '1'],
    ['--record', '--leak', 'memory'],
  ])
    it(`refuse ${args.join(' ')}`, () => assert.throws(() => parseSettings(args), TypeError));
});

describe('the command of a recorded soak', () => {
  const commandFor = (...args: string[]) =>
    commandOf(parseSettings(['--hours', '2', '--seed', '7', ...args]));

  it('has the length and the seed', () => {
    assert.equal(commandFor('--out', 'folder'), 'npm run soak -- --hours 2 --seed 7');
  });

  it('names a load that is not the usual one', () => {
    assert.equal(
      commandFor('--calls', '5', '--events', '1', '--fault-seconds', '60'),
      'npm run soak -- --hours 2 --seed 7 --calls 5 --events 1 --fault-seconds 60',
    );
  });
});

describe('the figures of etcd', () => {
  it('are sums over labels, and do not include metrics whose names begin the same', () => {
    const text = ['# HELP a x', 'a{b="1"} 2', 'a{b="2"} 3', 'a_total 9', 'c 7'].join('\n');
    assert.equal(sumOf(text, 'a'), 5);
    assert.equal(
      sumOf(text, 'a', (line) => line.includes('"2"')),
      3,
    );
    assert.deepEqual([sumOf(text, 'c'), sumOf(text, 'd')], [7, 0]);
  });
});

describe('the connections of a process', () => {
  it('are counted by the other end, without those of other processes or in other states', () => {
    const line = (remote: string, state: string, inode: number) =>
      `   0: 0100007F:C350 ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 20 4 30 10 -1`;
    const table = [
      '  sl  local_address rem_address   st',
      line('0100007F:1F90', '01', 7),
      line('0100007F:1F90', '01', 8),
      line('0100007F:1F91', '0A', 9),
      line('0100007F:1F92', '01', 10),
    ].join('\n');
    assert.deepEqual(countPeers(table, new Set(['7', '8', '9'])), { '127.0.0.1:8080': 2 });
  });
});

describe('the table of slopes', () => {
  it('says when a slope is undecided, and from where one is found', () => {
    const limit = { series: 'heap', title: 'heap', unit: 'MB', perHour: 0.5 } as const;
    const slope = { perHour: -0.1, low: -1, high: 1, hours: 1 };
    assert.deepEqual(slopeRow({ limit, slope, verdict: 'undecided' }), [
      'heap',
      '−0.10 MB',
      '−1.00 to +1.00 MB',
      '0.5 MB',
      '1.50 MB',
      'undecided at this length',
    ]);
  });
});

describe('the table of slopes, without enough samples', () => {
  it('says that nothing is known', () => {
    const limit = { series: 'heap', title: 'heap', unit: 'MB', perHour: 0.5 } as const;
    const slope = { perHour: 0, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, hours: 1 };
    const [, , interval, , finds] = slopeRow({ limit, slope, verdict: 'undecided' });
    assert.deepEqual([interval, finds], ['−∞ to +∞ MB', 'unknown']);
  });
});

describe('the plot of a soak', () => {
  const points = [0, 0.5, 1].map((hours) => ({ hours, value: hours }));
  const series = Object.fromEntries(seriesNames.map((name) => [name, points])) as unknown as SeriesSet;

  it('has a line in each panel, the faults with their names, and colours for a dark page', () => {
    const svg = drawSamples(series, [{ name: 'kill <m0>', atHours: 0.5 }], 'a & b');
    assert.equal(svg.match(/<polyline/g)?.length, 4);
    assert.equal(svg.match(/<title>kill &lt;m0&gt;<\/title>/g)?.length, 4);
    assert.match(svg, /<title>a &amp; b<\/title>/);
    assert.match(svg, /prefers-color-scheme: dark/);
  });

  it('has a limited number of marks', () => {
    const marks = Array.from({ length: 2_880 }, (_, i) => ({ name: 'cut', atHours: i / 2_880 }));
    assert.ok((drawSamples(series, marks, 'a').match(/class="fault"/g)?.length ?? 0) <= 4 * 600);
  });

  it('can be drawn without samples', () => {
    const none = Object.fromEntries(seriesNames.map((name) => [name, []])) as unknown as SeriesSet;
    assert.doesNotMatch(drawSamples(none, [], 'none'), /NaN|Infinity/);
  });
});

describe('the log of samples', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etcd-naming-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('writes a line for each sample and keeps the series', async () => {
    const log = new SampleLog(folder);
    for (const atHours of [0, 1]) log.add({ atHours, ...sample() });
    await log.close();
    const lines = (await readFile(join(folder, 'samples-1.ndjson'), 'utf8')).trim().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).atHours),
      [0, 1],
    );
    assert.deepEqual(log.series.heap, [
      { hours: 0, value: 30 },
      { hours: 1, value: 30 },
    ]);
    assert.deepEqual(log.series.handles[0], { hours: 0, value: 3 });
  });
});

function sample() {
  return {
    process: {
      heapBytes: 30e6,
      codeBytes: 4e6,
      externalBytes: 1e6,
      rssBytes: 90e6,
      handles: { Timeout: 2, Pipe: 1 },
      descriptors: 20,
      connections: {},
      loopDelayP99Ms: 11,
    },
    gauges: Object.fromEntries(gaugeNames.map((name) => [name, 1])) as Gauges,
    counts: emptyCounts(),
    etcd: undefined,
  };
}
