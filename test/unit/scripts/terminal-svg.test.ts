import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { protoFolder } from '#src/raw/index.js';

interface TerminalSvg {
  toSvg(text: string, title: string): string;
}

const script = pathToFileURL(join(protoFolder(), '../scripts/terminal-svg.mjs')).href;
const rowsOf = (svg: string) => [...svg.matchAll(/<text [^>]*>(.*)<\/text>/g)].map(([, row]) => row);

describe('a picture of a terminal', () => {
  let toSvg: TerminalSvg['toSvg'];

  before(async () => {
    ({ toSvg } = (await import(script)) as TerminalSvg);
  });

  it('has the text of each line, without the control sequences', () => {
    const svg = toSvg('a \u001b[2Kb\n\nc\n', 'title');
    assert.deepEqual(rowsOf(svg), ['a b', 'c']);
    assert.match(svg, /y="29".*\n.*y="65"/);
  });

  it('escapes what has a meaning in XML', () => {
    assert.deepEqual(rowsOf(toSvg('<&>', 'a < b')), ['&lt;&amp;&gt;']);
    assert.match(toSvg('', 'a < b'), /<title>a &lt; b<\/title>/);
  });

  it('has colours, bold and dim text, also over the end of a line', () => {
    assert.deepEqual(rowsOf(toSvg('\u001b[1;32mon\n\u001b[22moff\u001b[0m \u001b[2mdim\u001b[22m', '')), [
      '<tspan fill="#3fb950" font-weight="bold">on</tspan>',
      '<tspan fill="#3fb950">off</tspan> <tspan fill-opacity="0.6">dim</tspan>',
    ]);
  });
});
