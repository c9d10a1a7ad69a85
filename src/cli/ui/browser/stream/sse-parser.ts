/** A received event of a stream in the format `text/event-stream`. */
export interface ServerSentEvent {
  /** The last id that the stream has sent so far; empty if none. */
  readonly id: string;
  readonly data: string;
}

/**
 * Parses an event stream from pieces of text that end anywhere, by the rules of the HTML standard (“Interpreting an event
 * stream”). The names of events and `retry` are ignored.
 */
export class SseParser {
  /** The pieces of a line that has not ended. A line of megabytes arrives in many, and is joined once. */
  #pieces: string[] = [];
  #data: string[] = [];
  #id = '';
  #started = false;
  /** Whether the last piece ended with a carriage return, so that a line feed at the start of the next ends no line. */
  #skipLineFeed = false;

  /** The events that are complete with this piece. */
  feed(text: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    for (const line of this.#lines(text)) {
      const event = this.#endLine(line);
      if (event) events.push(event);
    }
    return events;
  }

  *#lines(text: string): Generator<string> {
    let start = this.#startOf(text);
    const end = /\r\n?|\n/g;
    end.lastIndex = start;
    for (let match = end.exec(text); match; match = end.exec(text)) {
      yield this.#join(text.slice(start, match.index));
      start = end.lastIndex;
      this.#skipLineFeed = match[0] === '\r' && start === text.length;
    }
    if (start < text.length) this.#pieces.push(text.slice(start));
  }

  /** Skips a byte order mark at the start of the stream, and the second half of a line's end. */
  #startOf(text: string): number {
    if (text === '') return 0;
    const skips = this.#started ? this.#skipLineFeed && text.startsWith('\n') : text.startsWith('\ufeff');
    this.#started = true;
    this.#skipLineFeed = false;
    return skips ? 1 : 0;
  }

  #join(rest: string): string {
    if (this.#pieces.length === 0) return rest;
    const line = this.#pieces.join('') + rest;
    this.#pieces = [];
    return line;
  }

  #endLine(line: string): ServerSentEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') this.#data.push(value);
    if (name === 'id' && !value.includes('\0')) this.#id = value;
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    if (this.#data.length === 0) return undefined;
    const event = { id: this.#id, data: this.#data.join('\n') };
    this.#data = [];
    return event;
  }
}
