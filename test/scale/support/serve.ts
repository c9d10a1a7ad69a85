import type { Commands, Reply, Request } from './remote.js';

/** Executes the commands of the process that started this one, and ends with it. */
export function serve(commands: Commands): void {
  process.once('disconnect', () => process.exit());
  // An interrupt from a terminal reaches the whole process group; the parent ends its workers.
  process.on('SIGINT', () => {});
  process.on('message', (request: Request) => {
    void execute(commands, request).then((reply) => process.send?.(reply));
  });
}

async function execute(commands: Commands, { id, command, args }: Request): Promise<Reply> {
  try {
    const run = commands[command];
    if (!run) throw new Error(`there is no command '${command}'`);
    return { id, type: 'ok', value: await run(...(args as never[])) };
  } catch (error) {
    return {
      id,
      type: 'failed',
      text: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
