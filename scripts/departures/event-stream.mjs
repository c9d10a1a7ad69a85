// The messages of an event stream.

/** @param body the bytes of a response; yields the parsed `data` of each event. */
export async function* messagesOf(body) {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const events = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = events.pop();
    for (const event of events) {
      const data = event.split('\n').flatMap((line) => (line.startsWith('data:') ? line.slice(5) : []));
      if (data.length > 0) yield JSON.parse(data.join('\n'));
    }
  }
}
