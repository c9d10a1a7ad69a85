import { once } from 'node:events';
import { raceAbort, withTimeout } from '../async/index.js';
import { ProcessGroup } from './process-group.js';
import { guard } from './process-guard.js';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 65_536;

/**
 * What the program prints to stdout when asked for its version. Leaves no process of a program that hangs, whichever
 * way this ends.
 *
 * @throws Error naming the program when it cannot be run, fails, or does not end within 10 s.
 */
export async function versionOutput(program: string, signal: AbortSignal | undefined): Promise<string> {
  const group = new ProcessGroup(program, ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const guarding = guard('kill -9 "-$1" 2>/dev/null', [String(group.id ?? '')]);
  const late = () => new Error(`'${program} --version' does not end within ${TIMEOUT_MS} ms`);
  try {
    return await raceAbort(withTimeout(read(group, program), TIMEOUT_MS, late), signal);
  } finally {
    await group.kill();
    guarding.release();
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

/** Kills the program that prints without end. */
class BoundedText {
  text = '';

  add(bytes: Buffer, group: ProcessGroup): void {
    if (this.text.length < MAX_BYTES) this.text += bytes;
    else group.signal('SIGKILL');
  }
}
