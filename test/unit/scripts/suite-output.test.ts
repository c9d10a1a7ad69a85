import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { protoFolder } from '#src/raw/index.js';
import { eventually } from '../../support/eventually.js';

interface FileOutput {
  write(bytes: Buffer): void;
  end(result: { readonly passed: number; readonly failed: number; readonly skipped: number }): void;
}

interface Output {
  start(name: string): FileOutput;
  close(): void;
}

type OutputClass = new (count: number, write: (text: string | Buffer) => void, progressMs?: number) => Output;

const script = pathToFileURL(join(protoFolder(), '../scripts/suite-output.mjs')).href;

describe('the output of several test processes', () => {
  let SuiteOutput: OutputClass;
  let written: string;
  let output: Output;

  before(async () => {
    ({ SuiteOutput } = (await import(script)) as { SuiteOutput: OutputClass });
  });
  afterEach(() => output.close());

  function make(progressMs?: number): Output {
    written = '';
    const write = (text: string | Buffer) => {
      written += text;
    };
    output = new SuiteOutput(3, write, progressMs);
    return output;
  }

  it('is written file by file, each after a line with its counts', () => {
    make();
    const [a, b] = [output.start('a'), output.start('b')];
    for (const [file, text] of [
      [a, 'a1\n'],
      [b, 'b1\n'],
      [a, 'a2\n'],
      [b, 'b2\n'],
    ] as const)
      file.write(Buffer.from(text));
    assert.equal(written, '');
    b.end({ passed: 0, failed: 0, skipped: 2 });
    assert.match(written, /^\n\[1\/3\] b: 0 passed, 2 skipped \(\d+ s\)\nb1\nb2\n$/);
    a.end({ passed: 5, failed: 1, skipped: 0 });
    assert.match(written, /\n\[2\/3\] FAILED: a: 1 failed, 5 passed \(\d+ s\)\na1\na2\n$/);
    assert.doesNotMatch(written, /\d+ passed, \d+ failed/, 'only the line with the totals has this form');
  });

  it('names the files that run when nothing else is written', async () => {
    make(20);
    output.start('a');
    output.start('b');
    await eventually('the line is written', () =>
      /^\n\[0\/3\] running: a \(\d+ s\), b \(\d+ s\)\n/.test(written),
    );
  });
});
