import { Code, type EtcdError, errorFromServer } from '#src/errors/index.js';
import {
  type SlotKey,
  type TimerName,
  type WatchEffect,
  type WatcherKey,
  type WatchInput,
  WatchSession,
} from '#src/watch/core/index.js';
import type { Trace } from '../trace.js';
import { describeEffect, describeInput } from './describe.js';
import type { Network, SimStream } from './network.js';
import type { Oracle } from './oracle.js';
import { Reader, type ReadPace } from './reader.js';
import type { Message } from './server-stream.js';
import type { Spec } from './store.js';

interface OpenSlot {
  readonly stream: SimStream;
  opened: boolean;
  attachMs: number | undefined;
}

/** A linearizable read of the store's revision. */
interface Read {
  /** Why the server refuses it, if it does. */
  readonly refusal?: string | undefined;
  /** Called when the server executes it. */
  executed(revision: number): void;
  answered(revision: number): void;
  failed(error: EtcdError): void;
}

/** Performs the session's effects in virtual time, as the real driver does. */
export class SimClient {
  readonly readers = new Map<WatcherKey, { readonly spec: Spec; readonly reader: Reader }>();
  readonly slots = new Map<SlotKey, OpenSlot>();
  readonly timers = new Map<string, () => void>();
  readonly #session: WatchSession;
  readonly #network: Network;
  readonly #oracle: Oracle;
  readonly #trace: Trace;
  readonly #tokenTtlMs: number;
  readonly #inputs: WatchInput[] = [];
  #running = false;
  #nextKey = 1;
  #refreshing = false;
  /** Whether the token provider rejects the credentials. */
  badCredentials = false;

  constructor(network: Network, oracle: Oracle, trace: Trace, tokenTtlMs: number) {
    this.#network = network;
    this.#oracle = oracle;
    this.#trace = trace;
    this.#tokenTtlMs = tokenTtlMs;
    this.#session = new WatchSession({
      firstWatchId: 2n ** 40n,
      random: network.random.next,
      maxRevisionBytes: 2 ** 30,
    });
  }

  watch(spec: Spec, start: number | undefined, pace: ReadPace): WatcherKey {
    const watcher = this.#nextKey++;
    const reader = new Reader(
      this.#network.clock,
      pace,
      () => this.#input({ type: 'buffer-full', watcher }),
      () => this.#input({ type: 'buffer-drained', watcher }),
    );
    this.readers.set(watcher, { spec, reader });
    this.#oracle.watch(watcher, spec, start);
    const startRevision = start === undefined ? undefined : BigInt(start);
    const range = { key: Buffer.from(spec.key), rangeEnd: Buffer.from(spec.end) };
    this.#input({ type: 'watch', watcher, range, startRevision });
    return watcher;
  }

  unwatch(watcher: WatcherKey): void {
    const entry = this.readers.get(watcher);
    if (!entry) return;
    entry.reader.stop();
    this.readers.delete(watcher);
    this.#input({ type: 'unwatch', watcher });
  }

  /** Obtains a new token after a delay, requested or not. */
  refresh(): void {
    if (this.#refreshing) return;
    this.#refreshing = true;
    this.#network.clock.after(this.#network.random.between(5, 90), () => {
      this.#refreshing = false;
      const { conditions, clock } = this.#network;
      if (!conditions.token) return;
      if (this.badCredentials) {
        const text = 'etcdserver: authentication failed, invalid user ID or password';
        this.#input({ type: 'token-failed', error: errorFromServer(Code.INVALID_ARGUMENT, text) });
      } else if (conditions.refreshFails && this.#network.random.chance(0.5)) {
        this.#input({ type: 'token', generation: conditions.token.generation }); // the provider has no newer token yet
      } else if (conditions.refreshFails) {
        this.#input({ type: 'token-failed', error: errorFromServer(Code.UNAVAILABLE, 'Connection dropped') });
      } else {
        conditions.token = {
          generation: conditions.token.generation + 1,
          expiresAt: clock.now + this.#tokenTtlMs,
        };
        this.#input({ type: 'token', generation: conditions.token.generation });
      }
    });
  }

  #input(input: WatchInput): void {
    this.#inputs.push(input);
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
      const { now } = this.#network.clock;
      const [what, one, two] = numbers(next);
      const given = next;
      this.#trace.record(now, what, one, two, () => `> ${describeInput(given)}`);
      this.#oracle.input(next);
      const effects = this.#session.handle(next);
      for (const effect of effects) {
        const [kind, first, second] = numbers(effect);
        this.#trace.record(now, kind, first, second, () => `    ${describeEffect(effect)}`);
        this.#oracle.checkEffect(effect);
        this.#perform(effect);
      }
      this.#oracle.afterInput(next, effects);
    }
    this.#running = false;
  }

  #perform(effect: WatchEffect): void {
    switch (effect.type) {
      case 'schedule-pin-read':
        this.#network.clock.after(this.#network.random.between(0, 2), () =>
          this.#input({ type: 'pin-read-due' }),
        );
        return;
      case 'read-pin':
        this.#readPin(effect.watcher);
        return;
      case 'read-revision':
        this.#readRevision(effect.watcher);
        return;
      case 'check-start':
        this.#checkStart(effect.watcher, Number(effect.startRevision));
        return;
      case 'refresh-token':
        this.refresh();
        this.#network.reached('refresh');
        return;
      case 'open-stream':
        this.#open(effect.slot);
        return;
      case 'close-stream': {
        const slot = this.slots.get(effect.slot);
        this.slots.delete(effect.slot);
        if (slot && effect.unresponsive) {
          if (slot.stream.works)
            this.#oracle.violate(
              'needless',
              `slot ${effect.slot} closes a stream that works as unresponsive`,
            );
          this.#network.avoid(slot.stream.member);
        }
        slot?.stream.cancel();
        return;
      }
      case 'send-create': {
        const spec = this.readers.get(effect.watcher)?.spec;
        const { watchId, startRevision, fragments } = effect;
        const start = Number(startRevision);
        if (spec) this.#write(effect.slot, { type: 'create', watchId, start, spec, fragments });
        return;
      }
      case 'send-cancel':
        this.#write(effect.slot, { type: 'cancel', watchId: effect.watchId });
        this.#network.reached('cancel', this.slots.get(effect.slot)?.stream);
        return;
      case 'send-progress':
        this.#write(effect.slot, { type: 'progress' });
        this.#network.reached('progress', this.slots.get(effect.slot)?.stream);
        return;
      case 'send-probe':
        this.#write(effect.slot, { type: 'probe', watchId: effect.watchId });
        return;
      case 'arm-timer': {
        const slot = this.slots.get(effect.slot);
        // The timeout starts when the member is connected.
        if (effect.timer === 'create-timeout' && slot && !slot.opened) slot.attachMs = effect.delayMs;
        else this.#arm(effect.timer, effect.slot, effect.delayMs);
        return;
      }
      case 'disarm-timer': {
        const slot = this.slots.get(effect.slot);
        if (effect.timer === 'create-timeout' && slot) slot.attachMs = undefined;
        this.#disarm(`${effect.timer} ${effect.slot}`);
        return;
      }
      case 'deliver':
        this.readers.get(effect.watcher)?.reader.deliver(effect.events.length);
        return;
      case 'finish':
        this.readers.get(effect.watcher)?.reader.stop();
        this.readers.delete(effect.watcher);
        return;
      case 'ready':
      case 'interrupted':
      case 'resumed':
      case 'caught-up':
      case 'progress':
      case 'status':
    }
  }

  #open(slot: SlotKey): void {
    const { random, clock, conditions } = this.#network;
    const stream = this.#network.open({
      opened: (member) => {
        opened.opened = true;
        if (opened.attachMs !== undefined) this.#arm('create-timeout', slot, opened.attachMs);
        const { trusted, losesDeletes } = member.profile;
        clock.after(random.between(2, 30), () => {
          if (this.slots.get(slot) !== opened) return;
          if (trusted) this.#input({ type: 'progress-trusted', slot });
          if (this.slots.get(slot) === opened) this.#input({ type: 'server-version', slot, losesDeletes });
        });
      },
      message: (message) => this.#message(slot, message),
      end: (error) => {
        this.slots.delete(slot);
        this.#input({ type: 'stream-lost', slot, error });
      },
    });
    const opened: OpenSlot = { stream, opened: false, attachMs: undefined };
    this.slots.set(slot, opened);
    this.#oracle.opened(slot, conditions.token?.generation);
  }

  #message(slot: SlotKey, { watchId, reply }: Message): void {
    this.#input({ type: 'reply', slot, watchId, reply });
  }

  #write(slot: SlotKey, request: Parameters<SimStream['write']>[0]): void {
    this.slots.get(slot)?.stream.write(request);
  }

  #readRevision(watcher: WatcherKey): void {
    const seenRevision = this.#oracle.seenBy(watcher);
    this.#read({
      executed: (revision) => {
        this.#oracle.read(watcher, seenRevision, revision);
        this.#network.reached('check');
      },
      answered: (revision) => this.#input({ type: 'revision', watcher, revision: BigInt(revision) }),
      failed: (error) => this.#input({ type: 'revision-failed', watcher, error }),
    });
  }

  /** A read with that watcher's key, which its user may have no permission for. */
  #readPin(watcher: WatcherKey): void {
    const forbidden = this.readers.get(watcher)?.spec.forbidden === true;
    const read = this.#oracle.pinRead();
    if (read.pinsAgain) this.#network.reached('repin');
    this.#read({
      refusal: forbidden ? 'etcdserver: permission denied' : undefined,
      executed: read.onExecuted,
      answered: (revision) => {
        this.#input({ type: 'pin-read', revision: BigInt(revision) });
        this.#network.reached('pin');
      },
      failed: (error) => this.#input({ type: 'pin-read-failed', error }),
    });
  }

  #read({ refusal, executed, answered, failed }: Read): void {
    const { clock, random, conditions, store } = this.#network;
    if (conditions.token && conditions.token.expiresAt <= clock.now) this.refresh();
    clock.after(random.between(1, 12), () => {
      if (conditions.readsFail || refusal !== undefined) {
        const error = conditions.readsFail
          ? errorFromServer(Code.UNAVAILABLE, 'etcdserver: request timed out')
          : errorFromServer(Code.PERMISSION_DENIED, refusal ?? '');
        clock.after(random.between(1, random.chance(0.2) ? 2_000 : 20), () => failed(error));
        return;
      }
      const revision = store.revision;
      executed(revision);
      clock.after(random.between(1, random.chance(0.2) ? 300 : 12), () => answered(revision));
    });
  }

  /** Delayed, because the server reads the history only after it has acknowledged the watcher. */
  #checkStart(watcher: WatcherKey, start: number): void {
    const { clock, random, conditions, store } = this.#network;
    clock.after(500 + random.between(2, 30), () => {
      if (!this.readers.has(watcher)) return;
      if (conditions.readsFail) this.#checkStart(watcher, start);
      else if (store.compactRevision >= start)
        this.#input({ type: 'start-compacted', watcher, startRevision: BigInt(start) });
    });
  }

  #arm(timer: TimerName, slot: SlotKey, delayMs: number): void {
    const name = `${timer} ${slot}`;
    this.#disarm(name);
    const cancel = this.#network.clock.after(delayMs, () => {
      this.timers.delete(name);
      this.#input({ type: 'timer', timer, slot });
    });
    this.timers.set(name, cancel);
  }

  #disarm(name: string): void {
    this.timers.get(name)?.();
    this.timers.delete(name);
  }
}

/** The parts of an input or effect that enter the trace's hash. */
function numbers(
  thing: WatchInput | WatchEffect,
): [what: number, one: number | bigint, two: number | bigint] {
  let what = 0;
  for (let i = 0; i < thing.type.length; i++) what = (what * 31 + thing.type.charCodeAt(i)) >>> 0;
  const watcher = 'watcher' in thing ? thing.watcher : 0;
  const slot = 'slot' in thing ? thing.slot : 0;
  switch (thing.type) {
    case 'send-create':
      return [what, thing.watchId, thing.startRevision];
    case 'deliver':
      return [what, watcher * 100_000 + thing.events.length, thing.events.at(-1)?.kv.modRevision ?? 0n];
    case 'reply':
      return [what, thing.watchId, 'headerRevision' in thing.reply ? thing.reply.headerRevision : 0n];
    case 'ready':
    case 'revision':
    case 'progress':
      return [what, watcher, thing.revision];
    case 'arm-timer':
      return [what, slot, thing.delayMs];
    default:
      return [what, watcher, slot];
  }
}
