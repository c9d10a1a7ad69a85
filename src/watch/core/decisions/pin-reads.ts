import { type EtcdError, UnauthenticatedError } from '../../../errors/index.js';
import type { Revision } from '../../../model/index.js';
import type { WatcherLifecycle } from '../watcher/lifecycle.js';
import type { WatcherState } from '../watcher/watcher-state.js';
import { streamFailureAction } from './failure-action.js';
import type { TokenRenewal } from './token-renewal.js';

/** Decides what happens to the watchers for which the store's revision was read, to pin "from now on". */
export class PinReads {
  readonly #lifecycle: WatcherLifecycle;
  readonly #tokens: TokenRenewal;

  constructor(lifecycle: WatcherLifecycle, tokens: TokenRenewal) {
    this.#lifecycle = lifecycle;
    this.#tokens = tokens;
  }

  onRevision(revision: Revision): void {
    for (const state of this.#lifecycle.pinWaiters.takeEnded().served) {
      state.pin(revision);
      this.#lifecycle.apply(state, 'pinned');
    }
    this.#lifecycle.pinWaiters.readNext();
  }

  onFailed(error: EtcdError): void {
    const { pinWaiters } = this.#lifecycle;
    const { reader, served } = pinWaiters.takeEnded();
    const fail = this.#consequence(error);
    for (const state of served) {
      // The error may be about the key, above all a missing permission: the others read again, with another one.
      if (fail.concernsKey && state !== reader) pinWaiters.add(state);
      else fail.apply(state);
    }
    pinWaiters.readNext();
  }

  #consequence(error: EtcdError): { concernsKey: boolean; apply(state: WatcherState): void } {
    const action = streamFailureAction(error);
    if (action === 'reauthenticate')
      return { concernsKey: false, apply: (state) => this.#tokens.onRefused(state, error) };
    if (error.verdict !== 'final' && action !== 'end')
      return { concernsKey: false, apply: (state) => this.#lifecycle.apply(state, 'failed') };
    const concernsKey = !(error instanceof UnauthenticatedError);
    return { concernsKey, apply: (state) => this.#lifecycle.end(state, error) };
  }
}
