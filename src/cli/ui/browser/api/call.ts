import type {
  ActionReply,
  ActionRequest,
  LeasesReply,
  LeasesRequest,
  LinkReply,
  MembersReply,
  PreviewReply,
  paths,
  RecordReply,
  RecordRequest,
  SessionReply,
  SessionRequest,
  TimelineReply,
  TimelineRequest,
} from '../../protocol/index.js';
import { ApiFailure, endsSession, toFailure } from './api-failure.js';
import { endSession, sessionToken } from './session.js';

type Empty = Readonly<Record<never, never>>;

/** The requests by path. */
interface Requests {
  [paths.session]: [SessionRequest, SessionReply];
  [paths.link]: [Empty, LinkReply];
  [paths.timeline]: [TimelineRequest, TimelineReply];
  [paths.record]: [RecordRequest, RecordReply];
  [paths.leases]: [LeasesRequest, LeasesReply];
  [paths.members]: [Empty, MembersReply];
  [paths.preview]: [ActionRequest, PreviewReply];
  [paths.action]: [ActionRequest, ActionReply];
}

/**
 * Sends a request of the page. It is sent once: an action whose answer is lost may have been made.
 * @throws {ApiFailure} One that {@link endsSession} also replaces the page by an explanation.
 */
export async function call<P extends keyof Requests>(
  path: P,
  request: Requests[P][0],
  signal?: AbortSignal,
): Promise<Requests[P][1]> {
  const response = await send(path, request, signal);
  const body = await readJson(response);
  if (response.ok && body !== undefined) return body as Requests[P][1];
  const failure = toFailure(response.status, body);
  if (endsSession(failure) && path !== '/api/session') endSession();
  throw failure;
}

async function send(path: string, request: object, signal: AbortSignal | undefined): Promise<Response> {
  const token = sessionToken();
  try {
    return await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(request),
      cache: 'no-store',
      ...(signal && { signal }),
    });
  } catch {
    throw new ApiFailure('unreachable', 'the command does not answer');
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}
