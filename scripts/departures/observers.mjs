// Two observers of the departures: the event stream of the command, as a page reads it, and a directory.
import { ServiceDirectory } from '../../build/src/index.js';
import { SseParser } from '../../build/ui/browser/stream/sse-parser.js';

/** Reads the stream. `of(key)` is the reasons of the departures of a key; `hasSeen(key)` whether it was ever there. */
export async function observeStream({ origin, headers }) {
  const stopping = new AbortController();
  const response = await fetch(`${origin}/api/events`, {
    headers: { ...headers, accept: 'text/event-stream' },
    signal: stopping.signal,
  });
  if (!response.ok) throw new Error(`the stream: ${response.status} ${await response.text()}`);
  const entries = new Map();
  const seen = new Set();
  const ready = resolvers();
  const reading = (async () => {
    for await (const message of messagesOf(response)) {
      if (message.type === 'end') ready.resolve();
      for (const { key } of message.puts ?? []) seen.add(key);
      // An entry with a known number replaces it: the reason is found later.
      for (const entry of message.entries ?? []) entries.set(entry.n, entry);
    }
    throw new Error('the stream has ended');
  })().catch((error) => {
    if (stopping.signal.aborted) return;
    ready.reject(error);
    throw error;
  });
  await ready.promise;
  return {
    hasSeen: (key) => seen.has(key),
    of: (key) =>
      [...entries.values()]
        .map(({ what }) => what)
        .filter((what) => what.type === 'left' && what.key === key)
        .map(({ reason }) => reason),
    async close() {
      stopping.abort();
      await reading;
    },
  };
}

/** Follows the services, none of which may be empty. */
export async function observeDirectory(client, targets) {
  const directory = new ServiceDirectory(client);
  const left = [];
  const reading = targets.map(async (target) => {
    for await (const departure of directory.departures(target)) left.push(departure);
  });
  await Promise.all(targets.map((target) => directory.ready(target)));
  return {
    of: (key) => left.filter(({ record }) => record.key === key).map(({ reason }) => reason),
    async close() {
      await directory.close();
      await Promise.all(reading);
    },
  };
}

async function* messagesOf({ body }) {
  const parser = new SseParser();
  const decoder = new TextDecoder();
  for await (const bytes of body)
    for (const { data } of parser.feed(decoder.decode(bytes, { stream: true }))) yield JSON.parse(data);
}

function resolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
