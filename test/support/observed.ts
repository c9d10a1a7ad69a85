import { allTopics, type CallHandlers, diagnosticsChannels, type Logger } from '#src/diagnostics/index.js';
import { assertClean } from './clean.js';

/** Everything that clients show while a test runs: the messages of all diagnostics channels, and the logs. */
export class Observed implements Disposable {
  readonly #shown: { readonly what: string; readonly value: unknown }[] = [];
  readonly #ends: (() => void)[] = [];

  constructor() {
    for (const { name, channel } of allTopics) {
      const listen = (message: unknown) => this.#add(name, message);
      channel.subscribe(listen);
      this.#ends.push(() => channel.unsubscribe(listen));
    }
    const listenOn = (name: string) => (call: unknown) => this.#add(`call:${name}`, call);
    const names = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
    const handlers: CallHandlers = Object.fromEntries(names.map((name) => [name, listenOn(name)]));
    diagnosticsChannels.call.subscribe(handlers);
    this.#ends.push(() => diagnosticsChannels.call.unsubscribe(handlers));
  }

  /** The option of a client. */
  readonly logger: Logger = (...line) => this.#add('log', line);

  /** How many messages each channel had, and the log, by their names. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { what } of this.#shown) counts.set(what, (counts.get(what) ?? 0) + 1);
    return counts;
  }

  /** Fails if a message shows a secret, as it was when it was published or as it is now. */
  assertClean(): void {
    for (const { what, value } of this.#shown) assertClean(`a message of ${what}`, value);
    if (this.#failure) throw this.#failure;
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }

  #failure: unknown;

  /** A channel's subscriber must not throw. */
  #add(what: string, value: unknown): void {
    this.#shown.push({ what, value });
    try {
      assertClean(`a message of ${what}`, value);
    } catch (error) {
      this.#failure ??= error;
    }
  }
}
