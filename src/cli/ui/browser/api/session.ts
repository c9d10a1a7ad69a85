import { type ReadonlySignal, signal } from '@preact/signals';

/**
 * - `opening`: the one-time token is being exchanged, or other tabs are asked for their session;
 * - `open`: requests are sent with the session's token, which the command may still refuse;
 * - `ended`: the command does not know the session, or the one-time token was used before;
 * - `failed`: the one-time token could not be exchanged, and can be used again;
 * - `missing`: the page was opened without a token, and no other tab has a session.
 */
export type SessionState = 'opening' | 'open' | 'ended' | 'failed' | 'missing';

/** Per tab: a reload keeps the session. */
const storageKey = 'etcd-naming session';

const state = signal<SessionState>('missing');

export const sessionState: ReadonlySignal<SessionState> = state;

/** The token of the session, to send as `authorization: Bearer …`; undefined if there is none. */
export function sessionToken(): string | undefined {
  return sessionStorage.getItem(storageKey) ?? undefined;
}

export function beginSession(): void {
  state.value = 'opening';
}

export function openSession(token: string): void {
  sessionStorage.setItem(storageKey, token);
  state.value = 'open';
}

/** Continues the session that the tab had before a reload, if there is one. */
export function resumeSession(): void {
  state.value = sessionToken() === undefined ? 'missing' : 'open';
}

/** Forgets the session: the command does not know it. */
export function endSession(): void {
  sessionStorage.removeItem(storageKey);
  state.value = 'ended';
}

/** The command did not answer. */
export function failSession(): void {
  state.value = 'failed';
}
