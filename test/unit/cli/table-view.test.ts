import assert from 'node:assert/strict';
import { displayWidth } from '#src/cli/display-width.js';
import type { Output } from '#src/cli/io.js';
import { readTarget } from '#src/cli/target.js';
import { Screen } from '#src/cli/watching/screen.js';
import { TableView } from '#src/cli/watching/table-view.js';
import { Code, EtcdError } from '#src/errors/index.js';
import type { EndpointRecord } from '#src/naming/index.js';

const sequence = new RegExp(`${'\x1b'}\\[\\??[\\d;]*[A-Za-z]|\\r`, 'g');

/** A terminal that keeps what is written to it. */
class Terminal implements Output {
  readonly isTTY = true;
  columns = 60;
  rows = 8;
  readonly frames: string[] = [];
  resize: (() => void) | undefined;

  write(text: string): void {
    this.frames.push(text);
  }

  on(_: 'resize', listener: () => void): void {
    this.resize = listener;
  }

  off(): void {
    this.resize = undefined;
  }

  get last(): string {
    return this.frames.at(-1) ?? '';
  }

  /** The lines of the last frame, without what steers the terminal. */
  get lines(): string[] {
    return this.last.replace(sequence, '').trimEnd().split('\n');
  }
}

describe('a screen', () => {
  it('writes a frame at once, over the one before, and erases only what is left over', () => {
    const terminal = new Terminal();
    const screen = new Screen(terminal);
    screen.draw(['a', 'b', 'c']);
    screen.draw(['d']);
    screen.draw(['e', 'f']);
    assert.equal(terminal.frames.length, 3);
    assert.ok(terminal.frames[1]?.includes('\x1b[3A\rd\x1b[K\n\x1b[J'));
    assert.ok(terminal.frames[2]?.includes('\x1b[1A\re\x1b[K\nf\x1b[K\n\x1b[J'));
  });

  it('stays inside the terminal, and says how much does not fit', () => {
    const terminal = new Terminal();
    new Screen(terminal).draw([...Array.from({ length: 20 }, (_, i) => `line ${i}`), 'x'.repeat(100)]);
    assert.equal(terminal.lines.length, terminal.rows - 1);
    assert.equal(terminal.lines.at(-1), '… and 15 more');
    new Screen(terminal).draw(['x'.repeat(100)]);
    assert.equal([...(terminal.lines[0] ?? '')].length, terminal.columns - 1);
  });

  it('gives the cursor back once, and draws no more after that', () => {
    const terminal = new Terminal();
    const screen = new Screen(terminal);
    screen.draw(['a']);
    screen.end();
    screen.end();
    screen.draw(['b']);
    assert.equal(terminal.frames.length, 2);
    assert.equal(terminal.last, '\x1b[?25h');
  });

  it('leaves a terminal alone that it never drew on', () => {
    const terminal = new Terminal();
    new Screen(terminal).end();
    assert.deepEqual(terminal.frames, []);
  });
});

describe('the live table', () => {
  let terminal: Terminal;
  let view: TableView;
  let now = 0;

  beforeEach(() => {
    now = 1_000;
    terminal = new Terminal();
    terminal.columns = 120;
    view = new TableView(terminal, readTarget('svc'), () => now);
  });

  afterEach(() => view.end());

  const record = (id: string, modRevision = 1n): EndpointRecord => ({
    ...{ key: `svc/${id}`, addr: `${id}:1`, createRevision: 1n, modRevision, lease: 0xabn },
  });
  const snapshot = (ids: readonly string[], reason: 'initial' | 'compacted' = 'initial') =>
    view.event({
      type: 'snapshot',
      reason,
      revision: 5n,
      endpoints: new Map(ids.map((id) => [`svc/${id}`, record(id)])),
      invalid: new Set(),
    });

  it('says so when a service is known to be empty', () => {
    snapshot([]);
    assert.deepEqual(terminal.lines, ['svc: 0 endpoints, revision 5, live']);
  });

  it('shows what changed and when, and what was removed for a while longer', () => {
    snapshot(['b']);
    view.event({
      type: 'delta',
      revision: 6n,
      added: [record('a', 6n)],
      changed: [],
      removed: ['svc/b'],
      invalid: new Set(),
    });
    now += 9_000;
    view.event({ type: 'delta', revision: 7n, added: [], changed: [], removed: [], invalid: new Set() });
    const [title, , a, b] = terminal.lines;
    assert.equal(title, 'svc: 1 endpoint, revision 7, live');
    assert.match(a ?? '', /^a +a:1 +1 +- +- +00000000000000ab +added 9 s ago$/);
    assert.match(b ?? '', /^b .* removed 9 s ago$/);
    now += 1_000;
    view.event({ type: 'delta', revision: 8n, added: [], changed: [], removed: [], invalid: new Set() });
    assert.equal(terminal.lines.length, 3);
  });

  it('counts the records that are no endpoints, also those of a later change', () => {
    snapshot(['a']);
    const invalid = new Set(['svc/x', 'svc/y']);
    view.event({ type: 'delta', revision: 6n, added: [], changed: [], removed: [], invalid });
    assert.equal(terminal.lines[0], 'svc: 1 endpoint, 2 unreadable records, revision 6, live');
    view.event({ type: 'delta', revision: 7n, added: [], changed: [], removed: [], invalid: new Set() });
    assert.equal(terminal.lines[0], 'svc: 1 endpoint, revision 7, live');
  });

  it('fits wide letters into the width of the terminal', () => {
    terminal.columns = 41;
    view.event({
      ...{ type: 'snapshot', reason: 'initial', revision: 5n, invalid: new Set() },
      endpoints: new Map([['svc/東', { ...record('東'), addr: `${'京'.repeat(30)}:1` }]]),
    });
    for (const line of terminal.lines) assert.ok(displayWidth(line) <= 40, line);
  });

  for (const size of [
    { columns: 0, rows: 0 },
    { columns: 1, rows: 1 },
    { columns: 2, rows: 2 },
  ])
    it(`draws on a terminal of ${size.columns} by ${size.rows}`, () => {
      Object.assign(terminal, size);
      snapshot(['a', 'b', 'c']);
      const [columns, rows] = [size.columns || 80, size.rows || 24];
      assert.ok(terminal.lines.length <= Math.max(1, rows - 1), terminal.last);
      for (const line of terminal.lines) assert.ok(displayWidth(line) < columns, line);
      if (size.columns === 0) assert.match(terminal.lines[0] ?? '', /^svc: 3 endpoints, revision 5, live$/);
    });

  it('marks after a resync only what is not as it was', () => {
    snapshot(['a', 'b']);
    snapshot(['a', 'c'], 'compacted');
    const [title, , a, b, c] = terminal.lines;
    assert.match(title ?? '', /2 endpoints, revision 5, live, listed anew: compacted/);
    assert.match(a ?? '', /ab$/);
    assert.match(b ?? '', /removed 0 s ago$/);
    assert.match(c ?? '', /added 0 s ago$/);
  });

  it('counts the age of an outage from its beginning, and keeps what was last known', () => {
    snapshot(['a']);
    view.outage(4_000, new EtcdError('gone', { code: Code.UNAVAILABLE }));
    now += 3_000;
    terminal.resize?.();
    assert.match(
      terminal.lines[0] ?? '',
      /etcd not reached for 7 s: this is what was last known \(UNAVAILABLE: gone\)/,
    );
    assert.match(terminal.lines[2] ?? '', /^a /);
    view.recovered(7_000);
    assert.match(terminal.lines[0] ?? '', /live again after 7 s/);
  });

  it('draws all anew when the terminal changes its size', () => {
    snapshot(['a']);
    const drawn = terminal.frames.length;
    terminal.resize?.();
    assert.equal(terminal.frames[drawn], '\x1b[2J\x1b[H');
    assert.equal(terminal.frames.length, drawn + 2);
  });
});
