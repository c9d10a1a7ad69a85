import { formatView, takeToken, type View } from './view.js';

/**
 * The URL at which a link continues, with the current view unless the link has one of its own. Undefined for a text that is
 * not a link of the command: an http URL with a one-time token in its fragment.
 */
export function continuedLink(text: string, view: View): string | undefined {
  const url = parseUrl(text.trim());
  if (!url || !['http:', 'https:'].includes(url.protocol)) return undefined;
  const { token, rest } = takeToken(url.hash);
  if (token === undefined) return undefined;
  return `${url.origin}/#token=${encodeURIComponent(token)}&${rest || formatView(view)}`;
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
