import { EtcdError } from '#src/index.js';
import type { ModelOperation, ModelRequest, ModelResponse } from './model.js';
import { isRead } from './operations.js';
import { type WatchRange, WatchRecord, type WatchSettings } from './watch-record.js';

/** What the clients of one run have in common. */
export interface HistoryContext {
  /** Nanoseconds since the start of the run. */
  readonly now: () => bigint;
  /** An id that no operation of the run has used. */
  readonly nextClientId: () => number;
}

export interface OperationCounts {
  readonly operations: number;
  /** Writes of unknown outcome. */
  readonly unknown: number;
  /** Writes of which the client said that they were not applied: left out, so an effect of one is a violation. */
  readonly notApplied: number;
  readonly failedReads: number;
}

/** The operations of one sequential client, and its watches. Concurrent operations need several of these. */
export class ClientHistory {
  readonly operations: ModelOperation[] = [];
  readonly watches: WatchRecord[] = [];
  readonly #context: HistoryContext;
  #clientId: number;
  #lastReturn = 0n;
  #busy = false;
  #unknown = 0;
  #notApplied = 0;
  #failedReads = 0;

  constructor(context: HistoryContext) {
    this.#context = context;
    this.#clientId = context.nextClientId();
  }

  get counts(): OperationCounts {
    return {
      operations: this.operations.length,
      unknown: this.#unknown,
      notApplied: this.#notApplied,
      failedReads: this.#failedReads,
    };
  }

  /**
   * Performs one operation and records it; throws what `perform` throws. `describe` gives the response of a result, and
   * the request if only the result shows it.
   */
  async run<T>(
    request: ModelRequest,
    perform: () => Promise<T>,
    describe: (result: T) => { readonly request?: ModelRequest; readonly response: ModelResponse },
  ): Promise<T> {
    if (this.#busy) throw new Error('the operations of one client history are sequential');
    this.#busy = true;
    const call = this.#after(this.#lastReturn);
    try {
      const result = await perform();
      const { request: shown = request, response } = describe(result);
      this.#append(call, shown, response);
      return result;
    } catch (error) {
      this.#fail(call, request, error);
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  watch(range: WatchRange, settings: WatchSettings = {}): WatchRecord {
    const record = new WatchRecord(range, settings, this.#context.now);
    this.watches.push(record);
    return record;
  }

  #fail(call: bigint, request: ModelRequest, error: unknown): void {
    const refusal = compactRefusal(request, error);
    if (refusal !== undefined) this.#append(call, request, { ClientError: refusal });
    else if (isRead(request)) {
      this.#failedReads++;
      this.#append(call, request, { Error: textOf(error) });
    } else if (error instanceof EtcdError && error.verdict !== 'maybe-applied') this.#notApplied++;
    else this.#appendUnknown(call, request, textOf(error));
  }

  /** It may take effect at any later time, so it stays the last operation of its client id. */
  #appendUnknown(call: bigint, request: ModelRequest, text: string): void {
    this.#unknown++;
    this.#append(call, request, { Error: text });
    this.#clientId = this.#context.nextClientId();
  }

  #append(call: bigint, request: ModelRequest, response: ModelResponse): void {
    this.#lastReturn = this.#after(call);
    this.operations.push({
      ClientId: this.#clientId,
      Input: request,
      Call: call,
      Output: response,
      Return: this.#lastReturn,
    });
  }

  /** Now, later than `time`: two readings of the clock may be equal. */
  #after(time: bigint): bigint {
    const now = this.#context.now();
    return now > time ? now : time + 1n;
  }
}

/** The model answers a compaction that changes nothing with the server's text. */
function compactRefusal(request: ModelRequest, error: unknown): string | undefined {
  if (request.Type !== 'compact' || !(error instanceof EtcdError) || error.verdict === 'maybe-applied')
    return undefined;
  return REFUSALS.find((text) => textOf(error).includes(text));
}

const REFUSALS = [
  'mvcc: required revision has been compacted',
  'mvcc: required revision is a future revision',
];

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)) || 'no text';
}
