import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../../..');

/** The calls in a text that open a channel, or take one, as `new Client(…)` with all arguments. */
function channelsIn(text: string): string[] {
  const starts = [...text.matchAll(/\bnew (?:[\w.]+\.)?(?:Client|Channel|GreeterClient|ClientGrpcProxy)\(/g)];
  return starts.map(({ index, 0: start }) => text.slice(index, closingAt(text, index + start.length)));
}

function closingAt(text: string, from: number): number {
  let open = 1;
  let at = from;
  for (; at < text.length && open > 0; at++) open += text[at] === '(' ? 1 : text[at] === ')' ? -1 : 0;
  return at;
}

/** The options that disable the HTTP proxy, by their names in this repository. */
const isUnproxied = (call: string) =>
  /\b(?:options|all|unproxied|channelOptions)\b|enable_http_proxy/.test(call);

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:m?[tj]s|cjs|md)$/.test(name) && !/\bnode_modules\b/.test(name))
    .map((name) => join(folder, name));
}

describe('a channel when the environment sets an HTTP proxy', () => {
  it('is opened without the proxy by every example, document, test and benchmark', () => {
    const folders = ['examples', 'docs', 'test', 'bench', 'scripts'];
    const files = ['README.md', ...folders.flatMap(sourcesIn)];
    let found = 0;
    const proxied = files.flatMap((file) => {
      const channels = channelsIn(readFileSync(join(root, file), 'utf8')).filter((call) =>
        /credentials|createInsecure|createSsl|how|secure|url:/.test(call),
      );
      found += channels.length;
      return channels.filter((call) => !isUnproxied(call)).map((call) => `${file}: ${call}`);
    });
    // These test channels without the options.
    const onPurpose = ['channel-target', 'other-grpc'].map(
      (name) => `test/integration/naming/${name}.test.ts`,
    );
    assert.deepEqual(
      proxied.filter((text) => !onPurpose.some((file) => text.startsWith(file))),
      [],
    );
    assert.ok(found > 15, `${found} channels found`);
  });
});
