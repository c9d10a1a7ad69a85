import { effect } from '@preact/signals';
import { paths } from '../../protocol/index.js';
import {
  ApiFailure,
  beginSession,
  call,
  endSession,
  failSession,
  openSession,
  resumeSession,
  sessionState,
  sessionToken,
} from '../api/index.js';
import type { Connection } from '../stream/index.js';
import { readLocation, takeToken, view, viewLink } from '../url/index.js';
import { startTicks } from './clock.js';
import { followStream } from './follow.js';

/** Opens the session and follows the stream. Called once. */
export function startPage(): void {
  startTicks();
  addEventListener('hashchange', readFragment);
  // Sent before `hashchange`, also for a link that was pasted into the address bar.
  addEventListener('popstate', readFragment);
  followWhileOpen();
  if (!takeFragmentToken()) resumeSession();
}

/** A link with a new token may be opened in a tab whose session has ended: the command was restarted. */
function readFragment(): void {
  if (!takeFragmentToken()) readLocation();
}

/**
 * Exchanges the token of the fragment, and removes it from the URL and the history. The view before it stays: a printed
 * link has none. Returns whether there is a token.
 */
function takeFragmentToken(): boolean {
  const { token, rest } = takeToken(location.hash);
  if (token === undefined) return false;
  history.replaceState(null, '', rest ? `#${rest}` : viewLink(view.value));
  readLocation();
  void exchange(token);
  return true;
}

async function exchange(token: string): Promise<void> {
  beginSession();
  try {
    const { session } = await call(paths.session, { token });
    openSession(session);
  } catch (error) {
    refuseToken(error);
  }
}

/** A link that was used before leads to the session that it opened, if this is its tab. */
function refuseToken(error: unknown): void {
  const isUsed = error instanceof ApiFailure && error.code === 'unauthorized';
  if (!isUsed) failSession();
  else if (sessionToken() === undefined) endSession();
  else resumeSession();
}

function followWhileOpen(): void {
  let connection: Connection | undefined;
  const wake = () => connection?.wake();
  addEventListener('online', wake);
  document.addEventListener('visibilitychange', wake);
  effect(() => {
    connection?.close();
    connection = sessionState.value === 'open' ? followStream() : undefined;
  });
}
