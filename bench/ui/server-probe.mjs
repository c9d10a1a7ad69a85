// Loaded into the process of the command before its own code. Answers the benchmark's questions about that process; the
// command's code is unchanged.
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

const sockets = new Set();
let bytesOfClosed = 0;
subscribe('net.server.socket', ({ socket }) => {
  sockets.add(socket);
  socket.once('close', () => {
    sockets.delete(socket);
    bytesOfClosed += socket.bytesWritten;
  });
});

const profiler = new Session();
const questions = {
  /** CPU in µs since the start, bytes sent to pages since the start. */
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpu: user + system, sent: bytesSent() };
  },
  /** After garbage collection. */
  memory: () => {
    for (let i = 0; i < 3; i++) globalThis.gc();
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed + external };
  },
  startProfile: async () => {
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.start');
  },
  stopProfile: async ({ file }) => {
    const { profile } = await profiler.post('Profiler.stop');
    profiler.disconnect();
    writeFileSync(file, JSON.stringify(profile));
  },
};

process.on('message', async (question) => {
  process.send({ answer: await questions[question.ask](question) });
});
process.once('disconnect', () => process.exit()); // the benchmark has ended
process.channel.unref();

function bytesSent() {
  return [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, bytesOfClosed);
}
