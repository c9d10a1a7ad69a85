#!/usr/bin/env node
// Removes build outputs, so that no output of a deleted file is packed.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { outputsIn } from './prune.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
for (const folder of ['dist', 'build', 'types']) rmSync(join(root, folder), { recursive: true, force: true });
for (const file of outputsIn(join(root, 'examples'))) rmSync(file);
