// Writes Go's answers into the corpus: node build/test/fuzz/corpus/main.js, after `npx tsc -b`. Needs a Go toolchain.
import { execFileSync } from 'node:child_process';
import { GoDecoder } from '../json/go-decoder.js';
import { addresses } from '../names/addresses.js';
import type { Comparison } from '../names/compare.js';
import { GoTexts } from '../names/go-texts.js';
import { keys } from '../names/keys.js';
import { targets } from '../names/targets.js';
import { bytesOf, loadCorpus, saveCorpus } from './corpus.js';

const version = execFileSync(process.env['GO'] ?? 'go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim();

async function updateTexts<Reading>({ name, program, args }: Comparison<Reading>): Promise<void> {
  const { entries } = loadCorpus<Reading>(name);
  const go = await GoTexts.start<Reading>(program, ...args);
  if (!go) throw new Error('there is no Go toolchain');
  const answers = await go.read(entries.map(({ text = '' }) => text));
  await go.close();
  const answered = entries.map((entry, i) => ({ ...entry, go: answers[i] }));
  saveCorpus(name, { go: version, entries: answered });
}

async function updateJson(): Promise<void> {
  const { entries } = loadCorpus<string | null>('json');
  const go = await GoDecoder.start();
  const answers = await go.decode(entries.map(bytesOf));
  await go.close();
  const answered = entries.map((entry, i) => ({ ...entry, go: answers[i] ?? null }));
  saveCorpus('json', { go: version, entries: answered });
}

await updateJson();
await updateTexts(addresses);
await updateTexts(targets);
await updateTexts(keys);
