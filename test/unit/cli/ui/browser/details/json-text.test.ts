import assert from 'node:assert/strict';
import { jsonText, maxShown, valueText } from '#ui/browser/details/json-text.js';
import type { Json } from '#ui/protocol/index.js';

describe('a value in the details', () => {
  it('is JSON on indented lines, with escapes for invisible characters', () => {
    assert.deepEqual(jsonText({ a: ['\u202e<b>'] }), {
      text: '{\n  "a": [\n    "\\u202e<b>"\n  ]\n}',
      isCut: false,
    });
  });

  it('is cut at 100,000 characters', () => {
    const { text, isCut } = valueText(JSON.stringify('x'.repeat(1_000_000)));
    assert.equal(text.length, maxShown + 1);
    assert.ok(isCut);
  });

  it('is shown as text if it is not JSON', () => {
    assert.deepEqual(valueText('{"a\u0000'), { text: '{"a\\x00', isCut: false });
  });

  it('is not shown if it is nested too deeply', () => {
    let value: Json = 1;
    for (let depth = 0; depth < 100_000; depth++) value = [value];
    assert.match(jsonText(value).text, /nested too deeply/);
  });
});
