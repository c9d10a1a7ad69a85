import assert from 'node:assert/strict';
import type { StreamMessage } from '#src/cli/ui/protocol/index.js';
import { ApiFailure } from '#ui/browser/api/api-failure.js';
import { Connection } from '#ui/browser/stream/connection.js';
import type { ServerSentEvent } from '#ui/browser/stream/sse-parser.js';
import { eventually } from '../../../../../support/eventually.js';

const begin = '{"type":"begin","settings":{},"rows":0}';
const end = '{"type":"end","revision":"1"}';
const delta = '{"type":"delta"}';
const status = '{"type":"status"}';

type Script = readonly (readonly [id: string, data: string])[] | Error;

/** A connection whose streams send the events of the scripts, one script for each, and then stay open. */
class Fixture {
  readonly requested: string[] = [];
  readonly messages: StreamMessage[] = [];
  readonly lost: unknown[] = [];
  readonly resumes: boolean[] = [];
  readonly connection: Connection;
  readonly ended: Promise<void>;

  constructor(scripts: readonly Script[], isFinal: (error: unknown) => boolean = () => false) {
    this.connection = new Connection({
      open: (lastEventId, signal) => this.#open(scripts, lastEventId, signal),
      onMessage: (message) => this.messages.push(message),
      onOpen: (resumes) => this.resumes.push(resumes),
      onLost: (error) => {
        this.lost.push(error);
        // The test does not wait for the delay, which begins after this call.
        setImmediate(() => this.connection.wake());
      },
      isFinal,
      random: () => 0,
    });
    this.ended = this.connection.run();
  }

  /** The ids of the first requests, when the last of them was sent. */
  async requests(count: number): Promise<readonly string[]> {
    await eventually(`${count} streams were opened`, () => this.resumes.length >= count);
    return this.requested;
  }

  async #open(scripts: readonly Script[], lastEventId: string, signal: AbortSignal) {
    const script = scripts[this.requested.length] ?? [];
    const isLast = this.requested.length >= scripts.length - 1;
    this.requested.push(lastEventId);
    if (script instanceof Error) throw script;
    return events(script, isLast, signal);
  }
}

async function* events(script: Exclude<Script, Error>, isLast: boolean, signal: AbortSignal) {
  for (const [id, data] of script) yield [{ id, data }] satisfies ServerSentEvent[];
  if (isLast)
    await new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

describe('the connection of the page', () => {
  let fixture: Fixture;
  afterEach(async () => {
    fixture.connection.close();
    await fixture.ended;
  });

  it('asks for what follows the last message when its stream ends', async () => {
    fixture = new Fixture([
      [
        ['', status],
        ['', begin],
        ['a-1', end],
        ['a-2', delta],
        ['a-2', status],
      ],
      [],
    ]);
    assert.deepEqual(await fixture.requests(2), ['', 'a-2']);
    assert.deepEqual(fixture.resumes, [false, true]);
    assert.deepEqual(
      fixture.messages.map(({ type }) => type),
      ['status', 'begin', 'end', 'delta', 'status'],
    );
  });

  it('keeps the place when a stream without changes ends', async () => {
    fixture = new Fixture([
      [
        ['', begin],
        ['a-1', end],
      ],
      [['', status]],
      [],
    ]);
    assert.deepEqual(await fixture.requests(3), ['', 'a-1', 'a-1']);
  });

  it('asks for a whole snapshot when one was cut off', async () => {
    fixture = new Fixture([
      [
        ['', begin],
        ['a-1', end],
      ],
      [['', begin]],
      [],
    ]);
    assert.deepEqual(await fixture.requests(3), ['', 'a-1', '']);
  });

  it('opens the stream again after a message that is not JSON', async () => {
    fixture = new Fixture([[['', '{']], []]);
    await fixture.requests(2);
    assert.ok(fixture.lost[0] instanceof SyntaxError);
  });

  it('ends at a failure that is final', async () => {
    const refusal = new Error('refused');
    fixture = new Fixture([new Error('lost'), refusal, []], (error) => error === refusal);
    await fixture.ended;
    assert.equal(fixture.requested.length, 2);
    assert.equal(fixture.lost.at(-1), refusal);
  });

  it('fails for good when another command continues its stream', async () => {
    const isFinal = (error: unknown) => error instanceof ApiFailure && error.code === 'unauthorized';
    const first: Script = [
      ['', begin],
      ['a-1', end],
    ];
    const second: Script = [
      ['', begin],
      ['b-1', end],
    ];
    fixture = new Fixture([first, second, []], isFinal);
    await fixture.ended;
    assert.deepEqual(
      fixture.messages.map(({ type }) => type),
      ['begin', 'end', 'begin'],
    );
    assert.ok(isFinal(fixture.lost.at(-1)));
  });

  it('reports no loss when it is closed', async () => {
    fixture = new Fixture([[['', status]]]);
    await eventually('the status arrives', () => fixture.messages.length === 1);
    fixture.connection.close();
    await fixture.ended;
    assert.deepEqual(fixture.lost, []);
  });
});
