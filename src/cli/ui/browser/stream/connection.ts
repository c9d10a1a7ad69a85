import type { StreamMessage } from '../../protocol/index.js';
import { ApiFailure } from '../api/index.js';
import type { ServerSentEvent } from './sse-parser.js';

/** A stream without a message for longer is lost: the command sends one every 2 s. */
export const silenceLimitMs = 6_000;
const minDelayMs = 250;
const maxDelayMs = 5_000;

export interface ConnectionPorts {
  open(lastEventId: string, signal: AbortSignal): Promise<AsyncIterable<readonly ServerSentEvent[]>>;
  onMessage(message: StreamMessage): void;
  /**
   * A stream is open: what was staged of the one before will not be completed.
   * @param resumes whether the command was asked for what was missed, so that it sends a status when it has sent that.
   */
  onOpen(resumes: boolean): void;
  /** The stream ended, or could not be opened. */
  onLost(error: unknown): void;
  /** Whether the failure is permanent, so that the connection ends. */
  isFinal(error: unknown): boolean;
  /** A number from 0 up to 1. */
  random(): number;
}

/** Reads the event stream, and opens it again when it is lost, until it fails for good or is closed. */
export class Connection {
  readonly #ports: ConnectionPorts;
  readonly #closing = new AbortController();
  #attempt = new AbortController();
  #failures = 0;
  #lastEventId = '';
  /** Which command sent the messages so far. */
  #command: string | undefined;
  #receivedAt = 0;
  #wake: (() => void) | undefined;

  constructor(ports: ConnectionPorts) {
    this.#ports = ports;
  }

  /** Resolves when the connection is closed or failed for good. Never rejects. */
  async run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const error = await this.#readOnce();
      if (this.#closing.signal.aborted) return;
      this.#ports.onLost(error);
      if (this.#ports.isFinal(error)) return;
      await this.#delay();
    }
  }

  /** Opens the stream now instead of after the delay: the network or the page is back. */
  wake(): void {
    this.#wake?.();
  }

  /** Replaces the stream: the computer was suspended, so that the stream may be lost without a sign. */
  reopen(): void {
    this.#attempt.abort();
    this.wake();
  }

  close(): void {
    this.#closing.abort();
    this.#attempt.abort();
    this.#wake?.();
  }

  async #readOnce(): Promise<unknown> {
    this.#attempt = new AbortController();
    const watchdog = this.#watchSilence(this.#attempt);
    try {
      const events = await this.#ports.open(this.#lastEventId, this.#attempt.signal);
      this.#ports.onOpen(this.#lastEventId !== '');
      for await (const batch of events) this.#receive(batch);
      return undefined;
    } catch (error) {
      return error;
    } finally {
      clearInterval(watchdog);
      this.#attempt.abort();
    }
  }

  #watchSilence(attempt: AbortController): ReturnType<typeof setInterval> {
    this.#receivedAt = performance.now();
    return setInterval(() => {
      if (performance.now() - this.#receivedAt > silenceLimitMs) attempt.abort();
    }, 500);
  }

  #receive(events: readonly ServerSentEvent[]): void {
    for (const { id, data } of events) {
      const message = JSON.parse(data) as StreamMessage;
      this.#checkCommand(id);
      this.#setResumePoint(message, id);
      this.#receivedAt = performance.now();
      this.#failures = 0;
      this.#ports.onMessage(message);
    }
  }

  /**
   * A session ends with its command, so another command cannot continue the stream of this one.
   * @throws {ApiFailure} for an event of another command.
   */
  #checkCommand(id: string): void {
    if (id === '') return;
    const [command] = id.split('-', 1);
    this.#command ??= command;
    if (command !== this.#command) throw new ApiFailure('unauthorized', 'another command answers');
  }

  /** A snapshot that is cut off cannot be resumed: the next stream begins with a whole one. */
  #setResumePoint({ type }: StreamMessage, id: string): void {
    if (type === 'begin') this.#lastEventId = '';
    if (type === 'end' || type === 'delta') this.#lastEventId = id;
  }

  async #delay(): Promise<void> {
    const delayMs = Math.min(maxDelayMs, minDelayMs * 2 ** this.#failures);
    this.#failures += 1;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs * (0.5 + this.#ports.random() / 2));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
