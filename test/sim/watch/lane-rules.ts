import type { LaneKey, WatchEffect, WatcherKey, WatchInput, WatchReply } from '#src/watch/core/index.js';
import { isLie } from './lies.js';
import type { Watched } from './watched.js';

/** What the rules of the lanes need to know of the watchers, and where they complain. */
export interface Calm {
  readonly watched: ReadonlyMap<WatcherKey, Watched>;
  readonly present: Watched[];
  on(lane: LaneKey): Watched[];
  violate(rule: string, text: string): void;
}

interface OpenLane {
  readonly token: number | undefined;
  readonly creates: { readonly watchId: bigint; readonly watcher: WatcherKey }[];
  readonly live: Map<bigint, WatcherKey>;
}

type Send = WatchEffect & { readonly type: 'send-create' };
type Arm = WatchEffect & { readonly type: 'arm-timer' };

const maxLanes = 17;

/** How streams are used: whose answers are whose, who may share, how often anything is tried again. */
export class LaneRules {
  readonly #calm: Calm;
  readonly #now: () => number;
  readonly #open = new Map<LaneKey, OpenLane>();
  /** Per lane, when its streams were lost since one of them told anything. */
  readonly #losses = new Map<LaneKey, number[]>();
  /** Per lane, when its streams were left for a lie since one of them was alive for long. */
  readonly #lies = new Map<LaneKey, number[]>();
  /** How far each watcher is known to have come. */
  readonly #revisions = new Map<WatcherKey, bigint>();
  readonly #known = new Set<LaneKey>();
  /** Lanes that were begun for somebody who was paused, or is far from level. */
  readonly #own = new Set<LaneKey>();
  /** Who was announced just now. */
  #readyNow: WatcherKey | undefined;
  /** A response was too large just now, nobody knows whose. */
  #oversizedNow = false;
  /** The lane on which a lie came just now. */
  #liedOn: LaneKey | undefined;
  /** The newest token that was turned down. */
  #refused = -1;
  #asked = false;

  constructor(calm: Calm, now: () => number) {
    this.#calm = calm;
    this.#now = now;
  }

  opened(lane: LaneKey, token: number | undefined): void {
    this.#open.set(lane, { token, creates: [], live: new Map() });
  }

  tokenOf(lane: LaneKey): number {
    return this.#open.get(lane)?.token ?? 0;
  }

  /** Streams for the many that were opened with the same token as another one of their kind. */
  get doubles(): number {
    const shared = [...this.#open].filter(([lane]) => !this.#own.has(lane)).map(([, { token }]) => token);
    return shared.length - new Set(shared).size;
  }

  /** Whom a reply is about: successes by id where it is echoed, refusals in the order of the creates. */
  whose(lane: LaneKey, watchId: bigint, kind: WatchReply['kind']): WatcherKey | undefined {
    const open = this.#open.get(lane);
    if (!open) return undefined;
    if (kind === 'refused') return this.#stillAsking(open.creates.shift());
    if (kind !== 'created') return open.live.get(watchId);
    const at = open.creates.findIndex((create) => create.watchId === watchId);
    const watcher = this.#stillAsking(open.creates.splice(Math.max(at, 0), 1)[0]);
    if (watcher !== undefined) open.live.set(watchId, watcher);
    return watcher;
  }

  /** Who sent the create, unless it has left or gone elsewhere since. */
  #stillAsking(create: OpenLane['creates'][number] | undefined): WatcherKey | undefined {
    const watched = create && this.#calm.watched.get(create.watcher);
    const isAsking = watched?.phase === 'creating' && watched.askedAs === create?.watchId;
    return isAsking ? create?.watcher : undefined;
  }

  input(input: WatchInput): void {
    this.#readyNow = undefined;
    this.#liedOn = undefined;
    this.#oversizedNow = input.type === 'stream-lost' && /larger than max/.test(input.error.message);
    switch (input.type) {
      case 'stream-lost':
        if (/auth token/.test(input.error.message)) this.#turnedDown(input.lane);
        this.#open.delete(input.lane);
        return;
      case 'timer':
        if (input.timer !== 'settled') return;
        this.#losses.delete(input.lane);
        this.#lies.delete(input.lane);
        return;
      case 'token':
      case 'token-failed':
        this.#asked = false;
        return;
      case 'reply':
        if (isLie(input.reply)) this.#liedOn = input.lane;
        if (input.reply.kind === 'refused' && /auth token/.test(input.reply.reason))
          this.#turnedDown(input.lane);
    }
  }

  effect(effect: WatchEffect): void {
    switch (effect.type) {
      case 'open-stream':
        if (this.#open.has(effect.lane))
          this.#calm.violate('one stream', `lane ${effect.lane} has one already`);
        return;
      case 'close-stream':
        this.#open.delete(effect.lane);
        return;
      case 'send-cancel':
        this.#open.get(effect.lane)?.live.delete(effect.watchId);
        return;
      case 'send-create':
        this.#create(effect);
        return;
      case 'ready':
        this.#readyNow = effect.watcher;
        return;
      case 'refresh-token':
        this.#refresh(effect.generation);
        return;
      case 'arm-timer':
        if (effect.timer === 'reopen') this.#reopen(effect);
    }
  }

  handled(input: WatchInput, effects: readonly WatchEffect[]): void {
    if (input.type !== 'reply') return;
    if (effects.map((effect) => this.#isNews(effect)).includes(true)) this.#losses.delete(input.lane);
    if (input.reply.kind === 'created') this.#apart(input.lane, input.reply.headerRevision, effects);
  }

  /** Whether it brings a watcher further: progress that repeats what is known does not. */
  #isNews(effect: WatchEffect): boolean {
    if (effect.type === 'deliver') {
      this.#know(effect.watcher, effect.events.at(-1)?.kv.modRevision ?? 0n);
      return true;
    }
    return effect.type === 'progress' && this.#know(effect.watcher, effect.revision);
  }

  /** Gives whether that is further than what the watcher knew. */
  #know(watcher: WatcherKey, revision: bigint): boolean {
    const before = this.#revisions.get(watcher) ?? -1n;
    if (revision > before) this.#revisions.set(watcher, revision);
    return revision > before;
  }

  #create({ lane, watcher, watchId, startRevision }: Send): void {
    this.#know(watcher, startRevision - 1n);
    const open = this.#open.get(lane);
    if (!open) {
      this.#calm.violate('one stream', `lane ${lane} has no stream to create on`);
      return;
    }
    open.creates.push({ watchId, watcher });
    const watched = this.#calm.watched.get(watcher);
    if (!watched) return;
    watched.askedAs = watchId;
    const others = this.#calm.on(lane).some((other) => other !== watched);
    if (watched.drained && others && this.#used() < maxLanes - 1) {
      this.#calm.violate('apart', `watcher ${watcher} comes back from a pause to the stream of others`);
    }
    const leaves = watched.drained || this.#oversizedNow || this.#readyNow === watcher;
    if (leaves && !this.#known.has(lane)) this.#own.add(lane);
    this.#known.add(lane);
    watched.apart = this.#own.has(lane);
    watched.drained = false;
  }

  /** Who is far behind, or ahead, when it is first acknowledged must leave the others. */
  #apart(lane: LaneKey, header: bigint, effects: readonly WatchEffect[]): void {
    const ready = effects.find((effect) => effect.type === 'ready');
    if (ready?.type !== 'ready' || header === 0n) return;
    const watched = this.#calm.watched.get(ready.watcher);
    const far = header - ready.nextRevision >= 1_000n || ready.nextRevision > header + 1n;
    if (!far || !watched || watched.rolledBack || Number(header) < watched.seen) return;
    const stays = !effects.some((effect) => effect.type === 'send-cancel' && effect.lane === lane);
    const others = this.#calm.on(lane).some((other) => other !== watched);
    if (stays && others && this.#used() < maxLanes - 1) {
      this.#calm.violate('apart', `watcher ${watched.key} is far from level, and stays with the others`);
    }
  }

  #used(): number {
    return new Set([...this.#open.keys(), ...this.#calm.present.map(({ lane }) => lane)]).size;
  }

  #turnedDown(lane: LaneKey): void {
    this.#refused = Math.max(this.#refused, this.#open.get(lane)?.token ?? 0);
  }

  #refresh(generation: number): void {
    if (this.#asked) this.#calm.violate('one refresh', `another token is asked for before the last one came`);
    if (generation > this.#refused) {
      this.#calm.violate(
        'one refresh',
        `a token is asked for after ${generation}, which was not turned down`,
      );
    }
    this.#asked = true;
  }

  /** Full jitter: anything below a bound that doubles with each loss that nothing was told before. */
  #reopen({ lane, delayMs }: Arm): void {
    const losses = this.#losses.get(lane) ?? [];
    this.#losses.set(lane, losses);
    const lies = this.#lies.get(lane) ?? [];
    const bound = Math.min(5_000, 50 * 2 ** (losses.length + lies.length));
    if (delayMs >= bound) {
      this.#calm.violate('backoff', `a pause of ${delayMs} ms after ${losses.length} fruitless streams`);
    }
    losses.push(this.#now());
    // What was told before each lie does not count.
    if (this.#liedOn === lane) this.#lies.set(lane, [...lies, this.#now()]);
    const sixteenthLie = lies[lies.length - 15];
    if (this.#liedOn === lane && sixteenthLie !== undefined && this.#now() - sixteenthLie < 1_500)
      this.#calm.violate('backoff', '16 streams that lied within 1.5 s');
    const sixteenth = losses[losses.length - 16];
    if (sixteenth !== undefined && this.#now() - sixteenth < 1_500) {
      this.#calm.violate('backoff', `16 fruitless streams within 1.5 s`);
    }
  }
}
