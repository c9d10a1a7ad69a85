import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An input that showed a difference or a bug once, or is close to one. */
export interface CorpusEntry<Answer> {
  readonly text?: string;
  /** Instead of `text`, for bytes that are not UTF-8. */
  readonly base64?: string;
  /** What it showed. */
  readonly why: string;
  /** Go's answer, so that tests need no Go. */
  readonly go: Answer;
}

/** The file of a fuzz target: `test/fuzz/corpus/<name>.json`. */
export interface Corpus<Answer> {
  /** The version of Go that gave the answers. */
  readonly go: string;
  readonly entries: readonly CorpusEntry<Answer>[];
}

export type CorpusName = 'json' | 'addresses' | 'targets' | 'keys';

const folder = join(import.meta.dirname, '../../../../test/fuzz/corpus');

export function loadCorpus<Answer>(name: CorpusName): Corpus<Answer> {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Corpus<Answer>;
}

/** One entry per line. */
export function saveCorpus<Answer>(name: CorpusName, { go, entries }: Corpus<Answer>): void {
  const lines = entries.map((entry) => `    ${JSON.stringify(entry)}`);
  const text = `{\n  "go": ${JSON.stringify(go)},\n  "entries": [\n${lines.join(',\n')}\n  ]\n}\n`;
  writeFileSync(join(folder, `${name}.json`), text);
}

export function bytesOf({ text, base64 }: CorpusEntry<unknown>): Buffer {
  return text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text);
}

/** The line that keeps an input in the corpus. */
export function entryLine(name: CorpusName, input: Buffer, go: unknown): string {
  const text = input.toString();
  const isText = Buffer.from(text).equals(input);
  const entry = { ...(isText ? { text } : { base64: input.toString('base64') }), why: 'WHY', go };
  return `keep it in test/fuzz/corpus/${name}.json: ${JSON.stringify(entry)}`;
}
