import type { SlotKey, WatchEffect, WatcherKey, WatchInput, WatchReply } from '#src/watch/core/index.js';
import { isCorrupt } from './corrupt-reply.js';
import type { WatcherModel } from './watcher-model.js';

/** What the slot rules need of the watchers, and where they report violations. */
export interface RuleContext {
  readonly models: ReadonlyMap<WatcherKey, WatcherModel>;
  readonly active: WatcherModel[];
  watchersOn(slot: SlotKey): WatcherModel[];
  violate(rule: string, text: string): void;
}

interface OpenStream {
  readonly token: number | undefined;
  /** A probe has no watcher. */
  readonly creates: { readonly watchId: bigint; readonly watcher: WatcherKey | undefined }[];
  readonly live: Map<bigint, WatcherKey>;
}

type Send = WatchEffect & { readonly type: 'send-create' };
type Arm = WatchEffect & { readonly type: 'arm-timer' };

const maxSlots = 17;

/**
 * Rules for the use of streams: which answer belongs to which watcher, which watchers share a stream, how often to
 * retry.
 */
export class SlotRules {
  readonly #context: RuleContext;
  readonly #now: () => number;
  readonly #open = new Map<SlotKey, OpenStream>();
  /** Per slot: times of stream losses since a stream last made progress. */
  readonly #losses = new Map<SlotKey, number[]>();
  /** Per slot: times at which a stream was closed for a corrupt reply, since one was last up for long. */
  readonly #corruptions = new Map<SlotKey, number[]>();
  /** The highest revision that each watcher is known to have reached. */
  readonly #revisions = new Map<WatcherKey, bigint>();
  readonly #known = new Set<SlotKey>();
  /** Slots that were opened for a paused watcher or for one that is far behind or ahead. */
  readonly #dedicated = new Set<SlotKey>();
  /** The watcher that the current input made ready. */
  #readyNow: WatcherKey | undefined;
  /** A response was too large in the current input; its watcher is unknown. */
  #oversizedNow = false;
  /** The slot of the current input's corrupt reply. */
  #corruptedSlot: SlotKey | undefined;
  /** The newest token that was rejected. */
  #rejectedToken = -1;
  #isRefreshing = false;

  constructor(context: RuleContext, now: () => number) {
    this.#context = context;
    this.#now = now;
  }

  opened(slot: SlotKey, token: number | undefined): void {
    this.#open.set(slot, { token, creates: [], live: new Map() });
  }

  tokenOf(slot: SlotKey): number {
    return this.#open.get(slot)?.token ?? 0;
  }

  /** The number of shared streams opened with the same token as another shared stream. */
  get duplicateShared(): number {
    const shared = [...this.#open]
      .filter(([slot]) => !this.#dedicated.has(slot))
      .map(([, { token }]) => token);
    return shared.length - new Set(shared).size;
  }

  /** The watcher of a reply: by id for successes, by the order of the creates for refusals. */
  watcherOf(slot: SlotKey, watchId: bigint, kind: WatchReply['kind']): WatcherKey | undefined {
    const open = this.#open.get(slot);
    if (!open) return undefined;
    if (kind === 'refused') return this.#ifStillCreating(open.creates.shift());
    if (kind !== 'created') return open.live.get(watchId);
    const at = open.creates.findIndex((create) => create.watchId === watchId);
    const watcher = this.#ifStillCreating(open.creates.splice(Math.max(at, 0), 1)[0]);
    if (watcher !== undefined) open.live.set(watchId, watcher);
    return watcher;
  }

  /** Upper bound of how many streams of the slot were lost in a row without progress. */
  lossesOf(slot: SlotKey): number {
    return (this.#losses.get(slot)?.length ?? 0) + (this.#corruptions.get(slot)?.length ?? 0);
  }

  /** Whether the watcher is live on the slot's stream, or is being created there. */
  hasOnStream(slot: SlotKey, { key, createId }: WatcherModel): boolean {
    const open = this.#open.get(slot);
    if (!open) return false;
    return [...open.live.values()].includes(key) || open.creates.some(({ watchId }) => watchId === createId);
  }

  /** The watcher that sent the create, unless it has left or moved since. */
  #ifStillCreating(create: OpenStream['creates'][number] | undefined): WatcherKey | undefined {
    const model = create?.watcher === undefined ? undefined : this.#context.models.get(create.watcher);
    const isCreating = model?.phase === 'creating' && model.createId === create?.watchId;
    return isCreating ? create?.watcher : undefined;
  }

  input(input: WatchInput): void {
    this.#readyNow = undefined;
    this.#corruptedSlot = undefined;
    this.#oversizedNow = input.type === 'stream-lost' && /larger than max/.test(input.error.message);
    switch (input.type) {
      case 'stream-lost':
        if (/auth token/.test(input.error.message)) this.#recordRejected(input.slot);
        this.#open.delete(input.slot);
        return;
      case 'timer':
        if (input.timer !== 'stable') return;
        this.#losses.delete(input.slot);
        this.#corruptions.delete(input.slot);
        return;
      case 'token':
      case 'token-failed':
        this.#isRefreshing = false;
        return;
      case 'reply':
        if (isCorrupt(input.reply)) this.#corruptedSlot = input.slot;
        if (input.reply.kind === 'refused' && /auth token/.test(input.reply.reason))
          this.#recordRejected(input.slot);
    }
  }

  checkEffect(effect: WatchEffect): void {
    switch (effect.type) {
      case 'open-stream':
        if (this.#open.has(effect.slot))
          this.#context.violate('one stream', `slot ${effect.slot} already has one`);
        return;
      case 'close-stream':
        this.#open.delete(effect.slot);
        return;
      case 'send-cancel':
        this.#open.get(effect.slot)?.live.delete(effect.watchId);
        return;
      case 'send-create':
        this.#create(effect);
        return;
      case 'send-probe':
        this.#open.get(effect.slot)?.creates.push({ watchId: effect.watchId, watcher: undefined });
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

  afterInput(input: WatchInput, effects: readonly WatchEffect[]): void {
    if (input.type !== 'reply') return;
    if (effects.map((effect) => this.#advances(effect)).includes(true)) this.#losses.delete(input.slot);
    if (input.reply.kind === 'created') this.#checkDedicated(input.slot, input.reply.headerRevision, effects);
  }

  /** Whether the effect advances a watcher; progress at a known revision does not. */
  #advances(effect: WatchEffect): boolean {
    if (effect.type === 'deliver') {
      this.#recordRevision(effect.watcher, effect.events.at(-1)?.kv.modRevision ?? 0n);
      return true;
    }
    return effect.type === 'progress' && this.#recordRevision(effect.watcher, effect.revision);
  }

  /** Returns whether the revision exceeds the watcher's last known one. */
  #recordRevision(watcher: WatcherKey, revision: bigint): boolean {
    const before = this.#revisions.get(watcher) ?? -1n;
    if (revision > before) this.#revisions.set(watcher, revision);
    return revision > before;
  }

  #create({ slot, watcher, watchId, startRevision }: Send): void {
    this.#recordRevision(watcher, startRevision - 1n);
    const open = this.#open.get(slot);
    if (!open) {
      this.#context.violate('one stream', `slot ${slot} has no stream to create on`);
      return;
    }
    open.creates.push({ watchId, watcher });
    const model = this.#context.models.get(watcher);
    if (!model) return;
    model.createId = watchId;
    const others = this.#context.watchersOn(slot).some((other) => other !== model);
    if (model.drained && others && this.#used() < maxSlots - 1) {
      this.#context.violate('dedicated', `watcher ${watcher} resumes from a pause on a shared stream`);
    }
    const leaves = model.drained || this.#oversizedNow || this.#readyNow === watcher;
    if (leaves && !this.#known.has(slot)) this.#dedicated.add(slot);
    this.#known.add(slot);
    model.isDedicated = this.#dedicated.has(slot);
    model.drained = false;
  }

  /** A watcher that is far behind or ahead when it is first acknowledged must move to a dedicated stream. */
  #checkDedicated(slot: SlotKey, header: bigint, effects: readonly WatchEffect[]): void {
    const ready = effects.find((effect) => effect.type === 'ready');
    if (ready?.type !== 'ready' || header === 0n) return;
    const model = this.#context.models.get(ready.watcher);
    const far = header - ready.nextRevision >= 1_000n || ready.nextRevision > header + 1n;
    if (!far || !model || model.rolledBack || Number(header) < model.seen) return;
    const remains = !effects.some((effect) => effect.type === 'send-cancel' && effect.slot === slot);
    const others = this.#context.watchersOn(slot).some((other) => other !== model);
    if (remains && others && this.#used() < maxSlots - 1) {
      this.#context.violate(
        'dedicated',
        `watcher ${model.key} is far behind or ahead, but stays on the shared stream`,
      );
    }
  }

  #used(): number {
    return new Set([...this.#open.keys(), ...this.#context.active.map(({ slot }) => slot)]).size;
  }

  #recordRejected(slot: SlotKey): void {
    this.#rejectedToken = Math.max(this.#rejectedToken, this.#open.get(slot)?.token ?? 0);
  }

  #refresh(generation: number): void {
    if (this.#isRefreshing)
      this.#context.violate('one refresh', `a token is requested before the previous request was answered`);
    if (generation > this.#rejectedToken) {
      this.#context.violate(
        'one refresh',
        `a token is requested after ${generation}, which was not rejected`,
      );
    }
    this.#isRefreshing = true;
  }

  /** Full jitter: a random pause below a bound that doubles with each loss of a stream that made no progress. */
  #reopen({ slot, delayMs }: Arm): void {
    const losses = this.#losses.get(slot) ?? [];
    this.#losses.set(slot, losses);
    const corruptions = this.#corruptions.get(slot) ?? [];
    const bound = Math.min(5_000, 50 * 2 ** (losses.length + corruptions.length));
    if (delayMs >= bound) {
      this.#context.violate(
        'backoff',
        `a pause of ${delayMs} ms after ${losses.length} streams without progress`,
      );
    }
    losses.push(this.#now());
    // Progress before a corrupt reply does not reset the backoff.
    if (this.#corruptedSlot === slot) this.#corruptions.set(slot, [...corruptions, this.#now()]);
    const sixteenthCorruption = corruptions[corruptions.length - 15];
    if (
      this.#corruptedSlot === slot &&
      sixteenthCorruption !== undefined &&
      this.#now() - sixteenthCorruption < 1_500
    )
      this.#context.violate('backoff', '16 streams with corrupt replies within 1.5 s');
    const sixteenth = losses[losses.length - 16];
    if (sixteenth !== undefined && this.#now() - sixteenth < 1_500) {
      this.#context.violate('backoff', `16 streams without progress within 1.5 s`);
    }
  }
}
