import { openSession, sessionState, sessionToken } from '../api/index.js';
import { viewStatus } from './observed.js';

/**
 * Only pages of the same origin are reached. Those are the pages of this command if the origin is its own: a random name,
 * or one with a certificate. At `127.0.0.1`, a page that another process served on the port before may still be open.
 */
const isOwnOrigin = location.protocol === 'https:' || /^[a-z0-9]{16,}\.localhost$/.test(location.hostname);
const channelName = 'etcd-naming session';
/** A tab in the background answers late, and one that the browser has suspended does not. */
const answerMs = 700;

type Message = { readonly type: 'ask' } | { readonly type: 'session'; readonly token: string };

let channel: BroadcastChannel | undefined;

/** From now on, other tabs get the session of this one when they ask for it. Called once. */
export function shareSession(): void {
  if (!isOwnOrigin) return;
  channel = new BroadcastChannel(channelName);
  channel.addEventListener('message', ({ data }) => {
    const message = parseMessage(data);
    if (message?.type === 'ask') answer();
    // Also after the time for answers, while the page shows that it has no session.
    else if (message && sessionState.value !== 'open') openSession(message.token);
  });
}

/** Asks the other tabs for their session. Calls back if none has answered in time. */
export function askForSession(onSilence: () => void): void {
  post({ type: 'ask' });
  setTimeout(() => sessionState.value === 'opening' && onSilence(), isOwnOrigin ? answerMs : 0);
}

/** A session that may have ended is not passed on. */
function answer(): void {
  const token = sessionToken();
  const { kind } = viewStatus.value;
  const works = sessionState.value === 'open' && kind !== 'connecting' && kind !== 'disconnected';
  if (works && token !== undefined) post({ type: 'session', token });
}

function post(message: Message): void {
  channel?.postMessage(message);
}

function parseMessage(data: unknown): Message | undefined {
  if (typeof data !== 'object' || data === null || !('type' in data)) return undefined;
  if (data.type === 'ask') return { type: 'ask' };
  const token = 'token' in data ? data.token : undefined;
  return data.type === 'session' && typeof token === 'string' ? { type: 'session', token } : undefined;
}
