import type { ReadTrace } from '../../wire/index.js';
import type { GetResult } from '../types.js';
import { SingleRead } from './single-read.js';

/** A read that is published on the channels of calls. */
export class TracedRead extends SingleRead {
  readonly #trace: ReadTrace;

  constructor(trace: ReadTrace, ...read: ConstructorParameters<typeof SingleRead>) {
    super(...read);
    this.#trace = trace;
  }

  override get trace(): ReadTrace {
    return this.#trace;
  }

  override resolve(result: GetResult): void {
    this.#trace.revision ??= result.revision;
    this.#trace.succeeded();
    super.resolve(result);
  }

  override reject(error: unknown): void {
    this.#trace.failed(error, this.signal);
    super.reject(error);
  }
}
