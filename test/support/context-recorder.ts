import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { type CallTrace, type ClientEvent, diagnosticsChannels } from '@org/etcd-naming';

/** What happened, with the request in whose asynchronous context that was. */
interface Observed {
  readonly what: string;
  readonly request: string | undefined;
}

const { call, metrics: _, ...eventChannels } = diagnosticsChannels;

/**
 * Records in which request's context a client does what it does: each call by its method, each event by its channel and
 * type, and whatever a test notes itself.
 */
export class ContextRecorder {
  readonly #requests = new AsyncLocalStorage<string>();
  #observed: Observed[] = [];
  readonly #onCall = { start: ({ method }: CallTrace) => this.note(method) };
  readonly #onEvent = (message: unknown, name: string | symbol) => {
    const { type } = message as ClientEvent & { readonly type?: string };
    this.note(`${String(name)} ${type ?? ''}`);
  };

  start(): void {
    this.clear();
    call.subscribe(this.#onCall);
    for (const { name } of Object.values(eventChannels)) channel(name).subscribe(this.#onEvent);
  }

  stop(): void {
    call.unsubscribe(this.#onCall);
    for (const { name } of Object.values(eventChannels)) channel(name).unsubscribe(this.#onEvent);
  }

  /** Runs the work in the context of a request. */
  within<T>(request: string, work: () => T): T {
    return this.#requests.run(request, work);
  }

  /** Records that something happens, such as a callback. */
  note(what: string): void {
    this.#observed.push({ what, request: this.#requests.getStore() });
  }

  /** Forgets what was recorded. */
  clear(): void {
    this.#observed = [];
  }

  /** The requests in whose contexts that happened; undefined for each time in none. */
  requestsOf(what: string): (string | undefined)[] {
    return this.#observed.filter((one) => one.what === what).map((one) => one.request);
  }

  /** What happened in the context of any request. */
  get ofRequests(): readonly Observed[] {
    return this.#observed.filter(({ request }) => request !== undefined);
  }

  /** What happened in the context of this request. */
  of(request: string): readonly string[] {
    return this.#observed.filter((one) => one.request === request).map(({ what }) => what);
  }
}
