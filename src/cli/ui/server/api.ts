import { sharedAbortController } from '../../../internal.js';
import { ApiError, type Backend } from '../ports.js';
import { type LinkReply, paths } from '../protocol/index.js';
import { parseAction, parseEmpty, parseLeases, parseRecord, parseTimeline } from './requests.js';

/**
 * Answers one request of the API.
 * @param signal aborts when the page goes away.
 */
export type ApiHandler = (body: unknown, signal: AbortSignal) => Promise<object> | object;

/**
 * The requests that need a session, by path.
 * @param createUrl creates another one-time URL.
 */
export function apiHandlers(backend: Backend, createUrl: () => string): ReadonlyMap<string, ApiHandler> {
  return new Map<string, ApiHandler>([
    [
      paths.link,
      (body): LinkReply => {
        parseEmpty(body);
        return { url: createUrl() };
      },
    ],
    [paths.timeline, (body) => backend.catalog.timeline(parseTimeline(body))],
    [paths.record, (body, signal) => backend.record(parseRecord(body), signal)],
    [paths.leases, (body, signal) => backend.leases(parseLeases(body), signal)],
    [
      paths.members,
      (body, signal) => {
        parseEmpty(body);
        return backend.members(signal);
      },
    ],
    [paths.preview, (body, signal) => backend.preview(parseAction(body), signal)],
    [
      paths.action,
      (body) => {
        const request = parseAction(body);
        if (backend.settings.readOnly) throw new ApiError('read-only', 'this server changes nothing');
        // A write that has started is not aborted when the page goes away: its result would be unknown.
        return backend.perform(request, sharedAbortController().signal);
      },
    ],
  ]);
}
