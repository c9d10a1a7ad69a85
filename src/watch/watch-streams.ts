import type { Clock } from '../async/index.js';
import type { Duplex, Member, WatchCalls, WatchRequest } from '../wire/index.js';
import type { SlotKey, TimerName, WatchEffect, WatchInput } from './core/index.js';
import { toReply } from './replies.js';
import { hasReliableProgress, losesDeletes } from './server-version.js';
import { probeRequest } from './watch-request.js';

/** What the streams need from the driver. */
export interface WatchStreamPorts {
  readonly calls: WatchCalls;
  readonly clock: Clock;
  readonly requireLeader: boolean;
}

/** What the streams report. */
export interface StreamReporter {
  streamOpened(slot: SlotKey, member: Member): void;
}

/** The effects that concern a slot: its stream and its timers. */
export type SlotEffect = WatchEffect & {
  readonly type:
    | 'open-stream'
    | 'close-stream'
    | 'send-cancel'
    | 'send-progress'
    | 'send-probe'
    | 'arm-timer'
    | 'disarm-timer';
};

interface OpenStream {
  readonly duplex: Duplex<WatchRequest>;
  /** The create timeout that starts when the stream has a member. */
  createTimeoutMs: number | undefined;
  opened: boolean;
}

/** The streams of a driver's slots, and their timers. Their events become inputs of the session. */
export class WatchStreams {
  readonly #ports: WatchStreamPorts;
  readonly #reporter: StreamReporter;
  readonly #input: (input: WatchInput) => void;
  readonly #streams = new Map<SlotKey, OpenStream>();
  readonly #timers = new Map<string, () => void>();

  constructor(ports: WatchStreamPorts, reporter: StreamReporter, input: (input: WatchInput) => void) {
    this.#ports = ports;
    this.#reporter = reporter;
    this.#input = input;
  }

  /** How many streams are open, on a member. */
  get openCount(): number {
    let count = 0;
    for (const { opened } of this.#streams.values()) if (opened) count++;
    return count;
  }

  perform(effect: SlotEffect): void {
    switch (effect.type) {
      case 'open-stream':
        this.#streams.set(effect.slot, this.#open(effect.slot));
        return;
      case 'close-stream':
        if (effect.unresponsive) this.#streams.get(effect.slot)?.duplex.cancelUnresponsive();
        else this.#streams.get(effect.slot)?.duplex.cancel();
        this.#streams.delete(effect.slot);
        return;
      case 'send-cancel':
        this.send(effect.slot, {
          requestUnion: { $case: 'cancelRequest', value: { watchId: effect.watchId } },
        });
        return;
      case 'send-progress':
        this.send(effect.slot, { requestUnion: { $case: 'progressRequest', value: {} } });
        return;
      case 'send-probe':
        this.send(effect.slot, probeRequest(effect.watchId));
        return;
      case 'arm-timer':
        this.#armTimer(effect);
        return;
      case 'disarm-timer':
        this.#disarmTimer(effect);
    }
  }

  send(slot: SlotKey, request: WatchRequest): void {
    this.#streams.get(slot)?.duplex.send(request);
  }

  #open(slot: SlotKey): OpenStream {
    // The slot may have another stream by the time the last callbacks of this one run.
    const isCurrent = () => this.#streams.get(slot) === stream;
    const duplex = this.#ports.calls.watch(
      { requireLeader: this.#ports.requireLeader },
      {
        opened: (member) => this.#opened(slot, stream, member),
        message: (response) => {
          if (!isCurrent()) return;
          this.#input({ type: 'reply', slot, watchId: response.watchId, reply: toReply(response) });
        },
        end: (error) => {
          if (!isCurrent()) return;
          this.#streams.delete(slot);
          this.#input({ type: 'stream-lost', slot, error });
        },
      },
    );
    const stream: OpenStream = { duplex, createTimeoutMs: undefined, opened: false };
    return stream;
  }

  #opened(slot: SlotKey, stream: OpenStream, member: Member): void {
    stream.opened = true;
    this.#reporter.streamOpened(slot, member);
    if (stream.createTimeoutMs !== undefined) this.#arm('create-timeout', slot, stream.createTimeoutMs);
    this.#ports.calls.versionOf(member).then(
      (version) => {
        if (this.#streams.get(slot) !== stream) return;
        if (hasReliableProgress(version)) this.#input({ type: 'progress-trusted', slot });
        this.#input({ type: 'server-version', slot, losesDeletes: losesDeletes(version) });
      },
      () => {}, // progress of an unknown version is not trusted
    );
  }

  /** Without a member there is no create timeout: the pool keeps connecting, and a new stream would not be faster. */
  #armTimer({ timer, slot, delayMs }: WatchEffect & { readonly type: 'arm-timer' }): void {
    const stream = this.#streams.get(slot);
    if (timer === 'create-timeout' && stream && !stream.opened) stream.createTimeoutMs = delayMs;
    else this.#arm(timer, slot, delayMs);
  }

  #arm(timer: TimerName, slot: SlotKey, delayMs: number): void {
    const name = `${timer} ${slot}`;
    this.#disarm(name);
    const cancel = this.#ports.clock.setTimer(delayMs, () => {
      this.#timers.delete(name);
      this.#input({ type: 'timer', timer, slot });
    });
    this.#timers.set(name, cancel);
  }

  #disarmTimer({ timer, slot }: WatchEffect & { readonly type: 'disarm-timer' }): void {
    const stream = this.#streams.get(slot);
    if (timer === 'create-timeout' && stream) stream.createTimeoutMs = undefined;
    this.#disarm(`${timer} ${slot}`);
  }

  #disarm(name: string): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}
