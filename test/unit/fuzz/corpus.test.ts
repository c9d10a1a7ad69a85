import assert from 'node:assert/strict';
import { bytesOf, entryLine, loadCorpus } from '../../fuzz/corpus/corpus.js';
import { mutateEntry } from '../../fuzz/corpus/mutate.js';
import { outcomeOf } from '../../fuzz/json/target.js';
import { addresses } from '../../fuzz/names/addresses.js';
import type { Comparison } from '../../fuzz/names/compare.js';
import { keys } from '../../fuzz/names/keys.js';
import { targets } from '../../fuzz/names/targets.js';
import { Random } from '../../sim/random.js';

/** `npm run fuzz -- --target go` compares the stored answers with those of Go. */
describe('the corpus', () => {
  for (const entry of loadCorpus<string | null>('json').entries)
    it(`json: ${entry.why}`, () => {
      assert.equal(outcomeOf(bytesOf(entry)) ?? null, entry.go);
    });

  describeTexts(addresses);
  describeTexts(targets);
  describeTexts(keys);

  it('finds an answer that is not ours', () => {
    assert.throws(() =>
      addresses.check('a:1', { host: 'b', port: '1', isUTF8: true, dialled: undefined as never }),
    );
    assert.throws(() => targets.check('etcd:///a', { service: 'b', isUTF8: true }));
    assert.throws(() => keys.check('svc|svc/1', { put: 'AA==' }));
    assert.throws(() => keys.check('etcd:///a|x', { isRefused: true }));
  });

  it('has the line of a new entry, as text if it is UTF-8', () => {
    assert.match(entryLine('json', Buffer.from('{}'), null), /\{"text":"\{\}","why":"WHY","go":null\}$/);
    assert.match(
      entryLine('json', Buffer.from([0xff]), '{}'),
      /\{"base64":"\/w==","why":"WHY","go":"\{\}"\}$/,
    );
  });

  it('is mutated in the same way for the same seed, and nearly always changed', () => {
    const texts = ['{"Addr":"a:1"}', 'etcd:///foo'];
    const made = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 200 }, () => mutateEntry(random, texts));
    };
    assert.deepEqual(made(3), made(3));
    assert.ok(made(3).filter((text) => !texts.includes(text)).length > 150);
    assert.ok(
      made(3).every((text) => /^[\0-\xff]*$/.test(text)),
      'they stay bytes',
    );
  });
});

function describeTexts<Reading>(comparison: Comparison<Reading>): void {
  for (const { text = '', why, go } of loadCorpus<Reading>(comparison.name).entries)
    it(`${comparison.name}: ${why}`, () => {
      comparison.check(text, go);
    });
}
