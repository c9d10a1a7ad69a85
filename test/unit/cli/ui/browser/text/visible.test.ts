import assert from 'node:assert/strict';
import { escapeControls } from '#src/errors/index.js';
import { visible, visibleLines } from '#ui/browser/text/index.js';

describe('text from etcd that the page shows', () => {
  it('has escapes for characters that are invisible or change the order of others', () => {
    assert.equal(visible('pay\u202eroll\u200b\n\x1b'), 'pay\\u202eroll\\u200b\\x0a\\x1b');
  });

  it('has the byte of a key that is not UTF-8', () => {
    assert.equal(visible('a/\udcff'), 'a/\\xff');
  });

  it('is escaped as in the output of the command, for every code point of the planes with assigned ones', () => {
    for (const plane of [0x00000, 0x10000, 0x20000, 0xe0000])
      for (let start = plane; start < plane + 0x10000; start += 0x1000) {
        const text = String.fromCodePoint(...Array.from({ length: 0x1000 }, (_, i) => start + i));
        assert.equal(visible(text, Infinity), escapeControls(text), `from U+${start.toString(16)}`);
      }
  });

  it('is cut at the limit, but not within a character', () => {
    assert.equal(visible('abcdef', 3), 'abc…');
    assert.equal(visible('abc', 3), 'abc');
    assert.equal(visible('ab\u{1f600}d', 3), 'ab…');
    assert.equal(visible('x'.repeat(1_000_000)).length, 201);
  });

  it('keeps the ends of lines only where there may be several', () => {
    assert.equal(visibleLines('{\n\t"a": "\u202e"\n}', 100), '{\n\t"a": "\\u202e"\n}');
  });
});
