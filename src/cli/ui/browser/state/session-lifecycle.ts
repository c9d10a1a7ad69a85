import { effect, untracked } from '@preact/signals';
import { paths } from '../../protocol/index.js';
import {
  beginSession,
  call,
  endSession,
  endsSession,
  failSession,
  openSession,
  resumeSession,
  sessionState,
  sessionToken,
} from '../api/index.js';
import { readLocation, takeToken, view, viewLink } from '../url/index.js';
import { startTicks } from './clock.js';
import { type Following, followStream } from './follow.js';
import { askForSession, shareSession } from './session-handover.js';

/** Opens the session and follows the stream. Called once. */
export function startPage(): void {
  addEventListener('hashchange', readFragment);
  // Sent before `hashchange`, also for a link that was pasted into the address bar.
  addEventListener('popstate', readFragment);
  followWhileOpen();
  shareSession();
  if (!takeFragmentToken()) resumeOrAsk();
}

/** A new tab gets the session of another one. */
function resumeOrAsk(): void {
  if (sessionToken() !== undefined) resumeSession();
  else askOthers(resumeSession);
}

function askOthers(onSilence: () => void): void {
  beginSession();
  askForSession(onSilence);
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

/** A link that was used before leads to the session that it opened, if this or another open tab has it. */
function refuseToken(error: unknown): void {
  if (!endsSession(error)) failSession();
  else if (sessionToken() === undefined) askOthers(endSession);
  else resumeSession();
}

function followWhileOpen(): void {
  let following: Following | undefined;
  const wake = () => following?.wake();
  addEventListener('online', wake);
  document.addEventListener('visibilitychange', wake);
  startTicks(() => following?.reopen());
  effect(() => {
    const isOpen = sessionState.value === 'open';
    untracked(() => following?.close());
    following = isOpen ? untracked(followStream) : undefined;
  });
}
