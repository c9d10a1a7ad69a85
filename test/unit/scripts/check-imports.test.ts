import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';

const script = join(protoFolder(), '../scripts/check-imports.mjs');

describe('check-imports', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'check-imports-'));
  });

  afterEach(() => rmSync(root, { recursive: true }));

  function checkTree(files: Record<string, string>): { status: number | null; stderr: string } {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    return spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
  }

  it('passes for a tree that follows the module table', () => {
    const { status, stderr } = checkTree({
      'src/watch/core/session.ts':
        "import { next } from '../../model/revision.js';\nexport const start = next;\n",
      'src/model/revision.ts': 'export const next = 1n;\n',
    });
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });

  it('fails when the core of watch imports grpc-js', () => {
    const { status, stderr } = checkTree({
      'src/watch/core/session.ts': "import { status } from '@grpc/grpc-js';\nexport const ok = status.OK;\n",
    });
    assert.equal(status, 1);
    assert.match(stderr, /src\/watch\/core\/session\.ts: imports '@grpc\/grpc-js'/);
  });

  it('fails when a module imports one that is not allowed', () => {
    const { status, stderr } = checkTree({
      'src/model/revision.ts': "export { Channel } from '../wire/channel.js';\n",
      'src/wire/channel.ts': 'export const Channel = 1;\n',
    });
    assert.equal(status, 1);
    assert.match(stderr, /src\/model may not import src\/wire/);
  });

  it('fails for a circular import', () => {
    const { status, stderr } = checkTree({
      'src/model/a.ts': "import { b } from './b.js';\nexport const a = () => b;\n",
      'src/model/b.ts': "import { a } from './a.js';\nexport const b = () => a;\n",
    });
    assert.equal(status, 1);
    assert.match(stderr, /circular import: src\/model\/a\.ts -> src\/model\/b\.ts -> src\/model\/a\.ts/);
  });
});
