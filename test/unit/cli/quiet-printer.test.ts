import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { createListingView, type ListingView } from '#src/cli/listing/listing-views.js';
import { QuietPrinter } from '#src/cli/views/quiet-printer.js';
import { Code, EtcdError } from '#src/errors/index.js';

const gone = new EtcdError('gone', { code: Code.UNAVAILABLE });
let now = 0;

/** Lets time pass in steps, so that a timer which is set by another one is due in its turn. */
function pass(seconds: number): void {
  for (let i = 0; i < seconds; i++) {
    now += 1_000;
    mock.timers.tick(1_000);
  }
}

describe('a quiet watch in a pipe', () => {
  let printed: string[];
  let printer: QuietPrinter<string>;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    now = 0;
    printed = [];
    printer = new QuietPrinter<string>(
      (line) => printed.push(`${now / 1_000} ${line}`),
      {
        unchanged: (quietMs) => `unchanged ${quietMs / 1_000}`,
        outage: ({ forMs, error }) => `away ${forMs / 1_000} ${error?.message}`,
      },
      () => now,
    );
  });

  afterEach(() => {
    printer.close();
    mock.timers.reset();
  });

  it('writes after 2 s, then after twice as long each time, up to 1 min', () => {
    printer.line('a');
    pass(200);
    assert.deepEqual(printed, [
      ...['0 a', '2 unchanged 2', '6 unchanged 6', '14 unchanged 14', '30 unchanged 30'],
      ...['62 unchanged 62', '122 unchanged 122', '182 unchanged 182'],
    ]);
  });

  it('writes at the same intervals while etcd is away, and then how long that has lasted', () => {
    printer.line('a');
    pass(20);
    printer.outage(1_000, gone);
    pass(70);
    assert.deepEqual(
      printed.slice(4),
      ['20 away 1', '22 away 3', '26 away 7', '34 away 15', '50 away 31', '82 away 63'].map(
        (line) => `${line} UNAVAILABLE: gone`,
      ),
    );
  });

  it('still tells that etcd is away after another line, until the outage is over', () => {
    printer.outage(0, gone);
    pass(1);
    printer.line('a');
    pass(2);
    printer.recover();
    pass(2);
    assert.deepEqual(printed.slice(1), ['1 a', '3 away 3 UNAVAILABLE: gone', '5 unchanged 2']);
  });
});

describe('ls --watch during an outage', () => {
  const listing = {
    ...{ revision: 7n, heading: 'svc: 1 endpoint', lines: ['e1'], warnings: [] },
    document: { target: 'svc' },
  };
  let [stdout, stderr]: [string[], string[]] = [[], []];
  let view: ListingView;

  const show = (format: 'table' | 'json', isTTY: boolean) => {
    const output = { columns: 200, rows: 9, isTTY, write: (text: string) => stdout.push(text) };
    const io = { stdout: output, stderr: { write: (text: string) => stderr.push(text) }, env: {} };
    view = createListingView(io, format, isTTY, listing, () => now);
  };

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    now = 0;
    [stdout, stderr] = [[], []];
  });

  afterEach(() => {
    view.close();
    mock.timers.reset();
  });

  it('writes the last list again to a pipe, with the duration', () => {
    show('table', false);
    view.onOutage(0, gone);
    pass(7);
    const lists = stdout.map((text) => text.replace(/^\S+ svc: 1 endpoint, revision 7/, ''));
    const away = (seconds: number) =>
      `etcd is unreachable for ${seconds} s, showing the last known state (UNAVAILABLE: gone)`;
    assert.deepEqual(lists, ['\ne1\n\n', ...[0, 2, 6].map((seconds) => `, ${away(seconds)}\ne1\n\n`)]);
    assert.deepEqual(
      stderr,
      [0, 2, 6].map((seconds) => `etcd-naming: warning: ${away(seconds)}\n`),
    );
    view.onRecovery(7_000);
    pass(2);
    assert.match(stdout.at(-1) ?? '', /, revision 7\ne1\n/);
  });

  it('writes the last list again as JSON, with the outage as a member', () => {
    show('json', false);
    view.onOutage(0, gone);
    pass(2);
    view.onRecovery(2_000);
    pass(2);
    assert.deepEqual(
      stdout.map((line) => JSON.parse(line).outage),
      [null, { forMs: 0, error: gone.message }, { forMs: 2_000, error: gone.message }, null],
    );
  });

  it('updates the duration each second on a terminal', () => {
    show('table', true);
    view.onOutage(0, gone);
    pass(3);
    const seconds = stdout.flatMap((frame) => /unreachable for (\d+) s/.exec(frame)?.[1] ?? []);
    assert.deepEqual(seconds, ['0', '1', '2', '3']);
    view.onRecovery(3_000);
    assert.match(stdout.at(-1) ?? '', /live again after 3 s/);
  });
});
