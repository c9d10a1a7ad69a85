import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseTargetArgument } from '#src/cli/args/target.js';
import { messageOf, stackLinesOf } from '#src/cli/errors.js';
import { type Output, print, printBytes, printError, printJson, warn } from '#src/cli/output/io.js';
import { alignCells, alignColumns } from '#src/cli/output/text.js';
import { logRegistrationEvents } from '#src/cli/supervise/log-events.js';
import { JsonView } from '#src/cli/views/json-view.js';
import { LineView } from '#src/cli/views/line-view.js';
import { TableView } from '#src/cli/views/table-view.js';
import type { WatchView } from '#src/cli/views/view.js';
import { Code, EtcdError } from '#src/errors/index.js';
import { keyText } from '#src/model/index.js';
import type { EndpointEvent, EndpointRecord, JsonValue, RegistrationEvent } from '#src/naming/index.js';
import { protoFolder } from '#src/raw/index.js';
import { hostileText, isPrintable } from '../../support/hostile-text.js';

class Recorder implements Output {
  readonly isTTY: boolean;
  readonly columns = 100;
  readonly rows = 30;
  text = '';

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(more: string | Uint8Array): void {
    this.text += typeof more === 'string' ? more : Buffer.from(more).toString();
  }
}

/** The control sequences that the table itself writes. */
const tableSequences = new RegExp(`${'\x1b'}\\[(\\?25[lh]|\\?2026[hl]|\\d+A|K|J|2J|H)|\\r`, 'g');

/** The control sequences of the command's own styles. */
const styleSequences = new RegExp(`${'\x1b'}\\[(1|2|22|31|32|33|39)m`, 'g');

function assertPrintable(text: string): void {
  assert.ok(isPrintable(text, '\n'), JSON.stringify(text));
}

const service = 'svc\x1b[2J\u202e';
/** The text of any key. A lone surrogate represents a byte that is not UTF-8. */
const id = fc.oneof(
  hostileText.map((text) => keyText(Buffer.from(text))),
  fc.uint8Array({ maxLength: 12 }).map(keyText),
);
const lease = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const metadata = fc.oneof(
  fc.record(
    { zone: hostileText, status: hostileText, weight: fc.oneof(fc.double(), hostileText) },
    { requiredKeys: [] },
  ),
  fc.dictionary(hostileText, hostileText),
  hostileText,
) as fc.Arbitrary<JsonValue>;
const record: fc.Arbitrary<EndpointRecord> = fc
  .record({ id, addr: hostileText, metadata, lease })
  .map(({ id: text, ...rest }) => ({
    key: `${service}/${text}`,
    ...rest,
    createRevision: 1n,
    modRevision: 2n,
  }));
const records = fc.array(record, { maxLength: 3 });
const keys = fc.array(
  id.map((text) => `${service}/${text}`),
  { maxLength: 3 },
);
const error = hostileText.map((text) => new EtcdError(text, { code: Code.UNAVAILABLE }));

const event: fc.Arbitrary<EndpointEvent> = fc.oneof(
  fc.record({ all: records, invalid: keys }).map(({ all, invalid }) => ({
    ...{ type: 'snapshot' as const, reason: 'compacted' as const, revision: 3n },
    endpoints: new Map(all.map((one) => [one.key, one])),
    invalid: new Set(invalid),
  })),
  fc
    .record({ added: records, changed: records, removed: keys, invalid: keys })
    .map(({ invalid, ...rest }) => ({
      ...{ type: 'delta' as const, revision: 4n, ...rest },
      invalid: new Set(invalid),
    })),
);

describe('stored text on a terminal', () => {
  const wide = { isWide: true, useColor: true };
  const views: Readonly<Record<string, (output: Output) => WatchView>> = {
    'the table': (output) => new TableView(output, parseTargetArgument(service)),
    'the wide table with colours': (output) => new TableView(output, parseTargetArgument(service), wide),
    lines: (output) => new LineView(output, parseTargetArgument(service)),
    'wide lines': (output) => new LineView(output, parseTargetArgument(service), true),
    'lines of JSON': (output) => new JsonView(output, parseTargetArgument(service)),
  };
  for (const [name, make] of Object.entries(views)) {
    it(`is escaped by ${name} of a watch`, () => {
      fc.assert(
        fc.property(fc.array(event, { maxLength: 3 }), error, (events, failure) => {
          const output = new Recorder(true);
          const view = make(output);
          try {
            for (const one of events) view.onEvent(one);
            view.onOutage(1_000, failure);
            view.onRecovery(2_000);
          } finally {
            view.close();
          }
          assertPrintable(output.text.replace(tableSequences, '').replace(styleSequences, ''));
          if (!name.includes('colours')) assert.doesNotMatch(output.text, styleSequences);
        }),
      );
    });
  }

  it('is escaped by every function that prints, on stdout and stderr', () => {
    fc.assert(
      fc.property(fc.array(hostileText), fc.uint8Array(), (lines, bytes) => {
        const [stdout, stderr] = [new Recorder(true), new Recorder(true)];
        print(stdout, lines);
        print(stdout, alignColumns([lines, lines]));
        printJson(stdout, { lines, [lines[0] ?? '']: 1n });
        printBytes(stdout, Buffer.from(bytes));
        const cause = new Error(lines[1] ?? '');
        const failure = new Error(lines[0] ?? '', { cause });
        warn({ stderr }, messageOf(failure));
        print(stderr, stackLinesOf(failure));
        assertPrintable(stdout.text + stderr.text);
      }),
    );
  });

  it('is escaped beside colours, also if its own text has a style', () => {
    const env = { FORCE_COLOR: '1' };
    fc.assert(
      fc.property(hostileText, hostileText, (plain, marked) => {
        const [stdout, stderr] = [new Recorder(), new Recorder()];
        const cell = { text: marked, style: 'red' as const };
        print(stdout, [[plain, cell], ...alignCells([[cell, plain]])], env);
        warn({ stderr, env }, `warning: ${plain}`);
        printError({ stderr, env }, marked);
        assert.ok(stderr.text.includes('\x1b[33mwarning:\x1b[39m'));
        assertPrintable((stdout.text + stderr.text).replace(styleSequences, ''));
        const styles = stdout.text.match(styleSequences)?.length ?? 0;
        assert.ok(styles <= 4, JSON.stringify(stdout.text));
      }),
    );
  });

  it('is escaped in the events of a registration', async () => {
    const endpoint = fc.record({ addr: hostileText, metadata });
    const registrationEvent: fc.Arbitrary<RegistrationEvent> = fc.oneof(
      fc.record({ type: fc.constant('waiting' as const), value: hostileText, error }),
      fc.record({ type: fc.constant('restored' as const), value: hostileText }),
      fc.record({ type: fc.constant('adopted' as const), endpoint }),
      fc.record({ type: fc.constant('lost' as const), cause: fc.constant('replaced' as const), error }),
      fc.record({ type: fc.constant('failure' as const), error, retryInMs: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(registrationEvent), hostileText, async (events, key) => {
        const stderr = new Recorder(true);
        const registration = { key, events: () => events.values() };
        await logRegistrationEvents(registration as never, (text) => warn({ stderr }, text));
        assertPrintable(stderr.text);
      }),
    );
  });

  it('is truncated in a message, and written unchanged to a pipe by printBytes()', () => {
    const [stdout, stderr] = [new Recorder(), new Recorder()];
    warn({ stderr }, 'x'.repeat(1_000_000));
    assert.ok(stderr.text.length < 5_000);
    printBytes(stdout, Buffer.from('a\x1b[2J\n'));
    assert.equal(stdout.text, 'a\x1b[2J\n');
  });

  it('is written only by io.ts and screen.ts, which escape it; output-failure.ts reports failures of writes', () => {
    const folder = join(protoFolder(), '../src/cli');
    const writers = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .filter((file) => /\.write\(|console\./.test(readFileSync(join(folder, file), 'utf8')));
    const onTerminal = writers.filter((file) => file !== 'ui/server/page-stream.ts');
    assert.deepEqual(onTerminal.sort(), ['output/io.ts', 'output/output-failure.ts', 'output/screen.ts']);
  });
});
