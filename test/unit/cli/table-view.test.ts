import assert from 'node:assert/strict';
import { parseTargetArgument } from '#src/cli/args/target.js';
import { displayWidth } from '#src/cli/output/display-width.js';
import type { Output } from '#src/cli/output/io.js';
import { Screen } from '#src/cli/output/screen.js';
import { TableView } from '#src/cli/views/table-view.js';
import { Code, EtcdError } from '#src/errors/index.js';
import type { EndpointRecord } from '#src/naming/index.js';

const sequence = new RegExp(`${'\x1b'}\\[\\??[\\d;]*[A-Za-z]|\\r`, 'g');

/** A terminal that records what is written to it. */
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

  /** The lines of the last frame, without control sequences. */
  get lines(): string[] {
    return this.last.replace(sequence, '').trimEnd().split('\n');
  }
}

describe('screen', () => {
  it('writes each frame at once over the previous one, and erases only the rest', () => {
    const terminal = new Terminal();
    const screen = new Screen(terminal);
    screen.draw(['a', 'b', 'c']);
    screen.draw(['d']);
    screen.draw(['e', 'f']);
    assert.equal(terminal.frames.length, 3);
    assert.ok(terminal.frames[1]?.includes('\x1b[3A\rd\x1b[K\n\x1b[J'));
    assert.ok(terminal.frames[2]?.includes('\x1b[1A\re\x1b[K\nf\x1b[K\n\x1b[J'));
  });

  it('fits the lines into the terminal, and prints how many do not fit', () => {
    const terminal = new Terminal();
    new Screen(terminal).draw([...Array.from({ length: 20 }, (_, i) => `line ${i}`), 'x'.repeat(100)]);
    assert.equal(terminal.lines.length, terminal.rows - 1);
    assert.equal(terminal.lines.at(-1), '… and 15 more');
    new Screen(terminal).draw(['x'.repeat(100)]);
    assert.equal([...(terminal.lines[0] ?? '')].length, terminal.columns - 1);
  });

  it('shows the cursor once when it is closed, and draws no more', () => {
    const terminal = new Terminal();
    const screen = new Screen(terminal);
    screen.draw(['a']);
    screen.close();
    screen.close();
    screen.draw(['b']);
    assert.equal(terminal.frames.length, 2);
    assert.equal(terminal.last, '\x1b[?25h');
  });

  it('writes nothing to a terminal on which it never drew', () => {
    const terminal = new Terminal();
    new Screen(terminal).close();
    assert.deepEqual(terminal.frames, []);
  });
});

describe('live table', () => {
  let terminal: Terminal;
  let view: TableView;
  let now = 0;

  beforeEach(() => {
    now = 1_000;
    terminal = new Terminal();
    terminal.columns = 120;
    view = new TableView(terminal, parseTargetArgument('svc'), { now: () => now });
  });

  afterEach(() => view.close());

  const record = (id: string, modRevision = 1n): EndpointRecord => ({
    ...{ key: `svc/${id}`, addr: `${id}:1`, createRevision: 1n, modRevision, lease: 0xabn },
  });
  const snapshot = (ids: readonly string[], reason: 'initial' | 'compacted' = 'initial') =>
    view.onEvent({
      type: 'snapshot',
      reason,
      revision: 5n,
      endpoints: new Map(ids.map((id) => [`svc/${id}`, record(id)])),
      invalid: new Set(),
    });

  it('shows that a service is empty', () => {
    snapshot([]);
    assert.deepEqual(terminal.lines, ['svc: 0 endpoints, revision 5, live']);
  });

  it('shows each change with its age, and a removed endpoint for 10 s', () => {
    snapshot(['b']);
    view.onEvent({
      type: 'delta',
      revision: 6n,
      added: [record('a', 6n)],
      changed: [],
      removed: ['svc/b'],
      invalid: new Set(),
    });
    now += 9_000;
    view.onEvent({ type: 'delta', revision: 7n, added: [], changed: [], removed: [], invalid: new Set() });
    const [title, , a, b] = terminal.lines;
    assert.equal(title, 'svc: 1 endpoint, revision 7, live');
    assert.match(a ?? '', /^a +a:1 +1 +- +- +00000000000000ab +added 9 s ago$/);
    assert.match(b ?? '', /^b .* removed 9 s ago$/);
    now += 1_000;
    view.onEvent({ type: 'delta', revision: 8n, added: [], changed: [], removed: [], invalid: new Set() });
    assert.equal(terminal.lines.length, 3);
  });

  it('has colours for changes and outages where the terminal has them', () => {
    view.close();
    view = new TableView(terminal, parseTargetArgument('svc'), { now: () => now, useColor: true });
    snapshot(['a', 'b']);
    view.onEvent({
      ...{ type: 'delta', revision: 6n, changed: [], invalid: new Set() },
      ...{ added: [record('c', 6n)], removed: ['svc/b'] },
    });
    const esc = '\x1b';
    assert.ok(terminal.last.includes(`${esc}[32madded 0 s ago${esc}[39m`), JSON.stringify(terminal.last));
    assert.ok(terminal.last.includes(`${esc}[2mb${esc}[22m`), JSON.stringify(terminal.last));
    assert.ok(terminal.last.includes(`${esc}[31mremoved 0 s ago${esc}[39m`));
    view.onOutage(4_000, undefined);
    assert.ok(terminal.last.includes(`${esc}[31metcd is unreachable for 4 s`));
  });

  it('has more columns if it is wide', () => {
    view.close();
    terminal.columns = 200;
    view = new TableView(terminal, parseTargetArgument('svc'), { now: () => now, isWide: true });
    view.onEvent({
      ...{ type: 'snapshot', reason: 'initial', revision: 5n, invalid: new Set() },
      endpoints: new Map([['svc/a', { ...record('a', 4n), metadata: { zone: 'z' } }]]),
    });
    const [, title, a] = terminal.lines.map((line) => line.split(/ {2,}/));
    assert.deepEqual(title?.slice(-4), ['CHANGE', 'REVISION', 'CREATE-REVISION', 'METADATA']);
    assert.deepEqual(a?.slice(-3), ['4', '1', '{"zone":"z"}']);
  });

  it('counts the invalid records, also those of a later delta', () => {
    snapshot(['a']);
    const invalid = new Set(['svc/x', 'svc/y']);
    view.onEvent({ type: 'delta', revision: 6n, added: [], changed: [], removed: [], invalid });
    assert.equal(terminal.lines[0], 'svc: 1 endpoint, 2 invalid records, revision 6, live');
    view.onEvent({ type: 'delta', revision: 7n, added: [], changed: [], removed: [], invalid: new Set() });
    assert.equal(terminal.lines[0], 'svc: 1 endpoint, revision 7, live');
  });

  it('fits wide characters into the width of the terminal', () => {
    terminal.columns = 41;
    view.onEvent({
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

  it('marks only the differences after a new snapshot', () => {
    snapshot(['a', 'b']);
    snapshot(['a', 'c'], 'compacted');
    const [title, , a, b, c] = terminal.lines;
    assert.match(title ?? '', /2 endpoints, revision 5, live, listed again: compacted/);
    assert.match(a ?? '', /ab$/);
    assert.match(b ?? '', /removed 0 s ago$/);
    assert.match(c ?? '', /added 0 s ago$/);
  });

  it('shows the duration of an outage and the last known endpoints', () => {
    snapshot(['a']);
    view.onOutage(4_000, new EtcdError('gone', { code: Code.UNAVAILABLE }));
    now += 3_000;
    terminal.resize?.();
    assert.match(
      terminal.lines[0] ?? '',
      /etcd is unreachable for 7 s, showing the last known state \(UNAVAILABLE: gone\)/,
    );
    assert.match(terminal.lines[2] ?? '', /^a /);
    view.onRecovery(7_000);
    assert.match(terminal.lines[0] ?? '', /live again after 7 s/);
  });

  it('clears the screen and draws again when the terminal is resized', () => {
    snapshot(['a']);
    const drawn = terminal.frames.length;
    terminal.resize?.();
    assert.equal(terminal.frames[drawn], '\x1b[2J\x1b[H');
    assert.equal(terminal.frames.length, drawn + 2);
  });
});
