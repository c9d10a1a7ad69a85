import {
  type ClientDiagnostics,
  type MetricsSource,
  type MutableMetrics,
  type RegistrationCause,
  registrationTopic,
} from '../../diagnostics/index.js';
import { ClosedError, type EtcdError } from '../../errors/index.js';
import { ConflictError } from '../errors.js';
import type { RegistrationCore, RegistrationEffect, RegistrationInput } from './core/index.js';
import type { RegistrationEnd, RegistrationEvent } from './types.js';

/** Why the registration changed. */
interface Change {
  readonly cause: RegistrationCause;
  readonly error?: EtcdError | undefined;
}

const lossCauses = { lease: 'lease-ended', deleted: 'deleted', replaced: 'replaced' } as const;

/** Publishes the changes of a registration, each with its cause, and shows the registration in the client's metrics. */
export class RegistrationObserver implements MetricsSource {
  readonly #key: string;
  readonly #core: RegistrationCore;
  readonly #diagnostics: ClientDiagnostics;
  readonly #removeSource: () => void;
  /** The state that was published last; without a subscriber, the one that would have been. */
  #state: RegistrationCore['state'] = 'registering';
  #revision: RegistrationCore['revision'];
  #stored = 0;

  /** @param key As the server sees it. */
  constructor(key: string, core: RegistrationCore, diagnostics: ClientDiagnostics) {
    this.#key = key;
    this.#core = core;
    this.#diagnostics = diagnostics;
    this.#removeSource = diagnostics.addSource(this);
  }

  addTo({ registrations }: MutableMetrics): void {
    const { state, registrationCount } = this.#core;
    registrations.push({ key: this.#key, state, registrations: registrationCount });
  }

  /** Called after each input, with its effects, which are not yet performed. */
  onHandled(input: RegistrationInput, effects: readonly RegistrationEffect[]): void {
    this.#count();
    const change = this.#changeOf(input, effects);
    this.#revision = this.#core.revision;
    if (change) this.#report(change);
    for (const effect of effects) if (effect.type === 'end') this.#onEnd(effect.end);
  }

  #count(): void {
    const { registrationCount } = this.#core;
    if (registrationCount === this.#stored) return;
    const { records } = this.#diagnostics.counters;
    records.stored++;
    if (this.#stored > 0) records.storedAgain++;
    this.#stored = registrationCount;
  }

  /** Undefined if nothing changed, or while it is not known why the record is gone. */
  #changeOf(input: RegistrationInput, effects: readonly RegistrationEffect[]): Change | undefined {
    for (const effect of effects) {
      const change = effect.type === 'event' ? changeOfEvent(effect.event) : undefined;
      if (change) return change;
    }
    if (input.type === 'start') return { cause: 'started' };
    const { state, revision } = this.#core;
    if (state !== this.#state && state === 'closed') return changeOfStop(effects);
    if (state !== this.#state && state === 'draining') return { cause: 'draining' };
    const isRecovered = this.#state === 'outdated' && state === 'registered';
    const isRewritten = revision !== undefined && this.#revision !== undefined && revision !== this.#revision;
    return isRecovered || isRewritten ? { cause: 'updated' } : undefined;
  }

  #report({ cause, error }: Change): void {
    const previous = this.#state;
    const { state, endpoint } = this.#core;
    this.#state = state;
    if (!this.#diagnostics.wants(registrationTopic)) return;
    const shown = this.#withoutValue(error, cause);
    this.#diagnostics.publish(registrationTopic, {
      type: 'state',
      key: this.#key,
      addr: endpoint.addr,
      state,
      previous,
      cause,
      ...(shown && { error: shown }),
    });
  }

  #onEnd({ reason, expiresInMs }: RegistrationEnd): void {
    this.#removeSource();
    if (!this.#diagnostics.wants(registrationTopic)) return;
    const { addr } = this.#core.endpoint;
    this.#diagnostics.publish(registrationTopic, {
      type: 'ended',
      key: this.#key,
      addr,
      reason,
      ...(expiresInMs !== undefined && { expiresInMs }),
    });
  }

  /** The text of a conflict quotes the other record, whose metadata may be secret. */
  #withoutValue(error: EtcdError | undefined, cause: RegistrationCause): EtcdError | undefined {
    const isConflict = error instanceof ConflictError || error?.cause instanceof ConflictError;
    if (!isConflict) return error;
    return new ConflictError(
      cause === 'replaced'
        ? `'${this.#key}' was overwritten by another writer`
        : `'${this.#key}' belongs to another registration`,
    );
  }
}

function changeOfEvent(event: RegistrationEvent): Change | undefined {
  switch (event.type) {
    case 'registered':
      return { cause: 'stored' };
    case 'lost':
      return { cause: lossCauses[event.cause], error: event.error };
    case 'waiting':
      return { cause: 'conflict', error: event.error };
    case 'failure':
      return { cause: 'failed', error: event.error };
    case 'adopted':
    case 'restored':
      return { cause: 'updated' };
    case 'ended':
      return undefined;
  }
}

/** The registration was closed, or its start failed. */
function changeOfStop(effects: readonly RegistrationEffect[]): Change {
  const started = effects.find((effect) => effect.type === 'started');
  const error = started?.type === 'started' ? started.error : undefined;
  if (error === undefined || error instanceof ClosedError) return { cause: 'closed' };
  return { cause: error instanceof ConflictError ? 'conflict' : 'failed', error };
}
