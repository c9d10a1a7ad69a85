import { paths } from '../../protocol/index.js';
import { ApiFailure, sessionToken, toFailure } from '../api/index.js';
import { type ServerSentEvent, SseParser } from './sse-parser.js';

/**
 * Opens the event stream. The events are those of one piece of the answer at a time; the iteration ends when the command
 * closes the stream, and rejects when the connection is lost.
 * @param lastEventId To receive only what was missed; empty for a snapshot.
 * @throws {ApiFailure}
 */
export async function openEvents(
  lastEventId: string,
  signal: AbortSignal,
): Promise<AsyncIterable<readonly ServerSentEvent[]>> {
  const response = await fetch(paths.events, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${sessionToken() ?? ''}`,
      ...(lastEventId && { 'last-event-id': lastEventId }),
    },
    cache: 'no-store',
    signal,
  });
  if (!response.ok) throw toFailure(response.status, await response.json().catch(() => undefined));
  if (!response.body) throw new ApiFailure('malformed', 'the stream is empty');
  return readEvents(response.body);
}

async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<readonly ServerSentEvent[]> {
  const parser = new SseParser();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const reader = body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read())
    yield parser.feed(decoder.decode(piece.value, { stream: true }));
}
