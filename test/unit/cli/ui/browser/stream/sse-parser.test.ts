import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ServerSentEvent, SseParser } from '#ui/browser/stream/sse-parser.js';

function parse(...pieces: string[]): ServerSentEvent[] {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.feed(piece));
}

describe('the parser of the event stream', () => {
  it('gives an event at the empty line that ends it', () => {
    assert.deepEqual(parse('data: a\n'), []);
    assert.deepEqual(parse('data: a\n', '\n'), [{ id: '', data: 'a' }]);
  });

  it('joins the lines of data, and removes one space after the colon', () => {
    assert.deepEqual(parse('data:  a\ndata:b\ndata\n\n'), [{ id: '', data: ' a\nb\n' }]);
  });

  it('ends lines at CR, LF and CRLF, also if the pair is split', () => {
    const expected = ['a', 'b', 'c', 'd'].map((data) => ({ id: '', data }));
    assert.deepEqual(
      parse('data: a\r\n\r\ndata: b\r\rdata: c\n\ndata: d\r', '\n', '\r', '\ndata: e\r'),
      expected,
    );
  });

  it('ignores comments, unknown fields and events without data', () => {
    assert.deepEqual(parse(': ping\nevent: x\nretry: 1\nid: 5\n\ndata: a\n\n'), [{ id: '5', data: 'a' }]);
  });

  it('keeps the last id, and ignores one with a NUL', () => {
    const events = parse('id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\nid\ndata: d\n\n');
    assert.deepEqual(
      events.map(({ id }) => id),
      ['1', '1', '1', ''],
    );
  });

  it('ignores a byte order mark at the start only', () => {
    assert.deepEqual(parse('', '\ufeffdata: a\n\n', '\ufeffdata: b\n\n'), [{ id: '', data: 'a' }]);
  });

  it('parses a line of 8 MB that arrives in small pieces', () => {
    const piece = 'x'.repeat(4_096);
    const events = parse('data: ', ...Array.from({ length: 2_048 }, () => piece), '\n\n');
    assert.equal(events[0]?.data.length, 8 * 2 ** 20);
  });

  it('gives the same events for all divisions of the bytes', () => {
    const field = fc.constantFrom('data: ', 'data:', 'id: ', ': ', 'x: ', '');
    const text = fc.constantFrom('a', '', '\u00e9', '\u{1f600}', 'data: ', '\ufeff');
    const line = fc.tuple(field, text, fc.constantFrom('\n', '\r', '\r\n')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), fc.array(fc.nat(7)), (lines, sizes) => {
        const bytes = new TextEncoder().encode(lines.join(''));
        assert.deepEqual(parseBytes(bytes, sizes), parse(lines.join('')));
      }),
    );
  });
});

/** Decodes the pieces as the page does. */
function parseBytes(bytes: Uint8Array, sizes: readonly number[]): ServerSentEvent[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const pieces: string[] = [];
  let start = 0;
  for (const size of [...sizes, bytes.length]) {
    pieces.push(decoder.decode(bytes.subarray(start, start + size), { stream: true }));
    start += size;
  }
  return parse(...pieces);
}
