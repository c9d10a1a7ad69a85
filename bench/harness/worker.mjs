// The process of a contestant in a row.
import { connect } from '../contestants/index.mjs';
import { rowsIn } from '../rows/index.mjs';
import { ownTask } from './processes.mjs';

const task = ownTask();

try {
  const row = (await rowsIn(task.file)).find(({ name }) => name === task.row);
  const client = row.withoutClient
    ? undefined
    : await connect(task.contestant, task.address, { ...row.clientOptions, ...task.clientOptions });
  const running = await row.start({ ...task, client });
  process.on('message', async ({ measure }) => {
    if (measure) await answer(() => running.measure(measure));
    else await answer(() => close(running, client));
  });
  process.send({ ready: true });
} catch (error) {
  fail(error);
}

async function close(running, client) {
  await running.close?.();
  await client?.close();
  return { closed: true };
}

async function answer(work) {
  try {
    process.send(await work());
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  process.send({ error: error?.stack ?? String(error) });
}
