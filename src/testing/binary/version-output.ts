import { once } from 'node:events';
import { withTimeout } from '../../async/index.js';
import { ProcessGroup } from '../process/group.js';
import { guard } from '../process/guard.js';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 65_536;

/**
 * Returns the output of the program's `--version`. Leaves no process, even if the program hangs.
 *
 * @throws Error that names the program when it cannot be run, fails, or does not end within 10 s.
 */
export async function versionOutput(program: string, signal: AbortSignal | undefined): Promise<string> {
  const group = new ProcessGroup(program, ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const versionGuard = guard('kill -9 "-$1" 2>/dev/null', [String(group.id ?? '')]);
  const timeoutError = () => new Error(`'${program} --version' does not end within ${TIMEOUT_MS} ms`);
  try {
    return await withTimeout(read(group, program), TIMEOUT_MS, timeoutError, { signal });
  } finally {
    await group.kill();
    versionGuard.release();
  }
}

async function read(group: ProcessGroup, program: string): Promise<string> {
  const { leader } = group;
  const [output, errors] = [new BoundedText(), new BoundedText()];
  leader.stdout?.on('data', (bytes: Buffer) => output.add(bytes, group));
  leader.stderr?.on('data', (bytes: Buffer) => errors.add(bytes, group));
  leader.ref();
  await once(leader, 'close');
  if (leader.exitCode !== 0)
    throw new Error(`'${program} --version' failed: ${group.exitText}\n${errors.text}`.trimEnd());
  return output.text;
}

/** Collects text, and kills a program that prints too much. */
class BoundedText {
  text = '';

  add(bytes: Buffer, group: ProcessGroup): void {
    if (this.text.length < MAX_BYTES) this.text += bytes;
    else group.signal('SIGKILL');
  }
}
