import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Returns which of the processes has the local end of a loopback TCP connection from `localPort` to `remotePort`;
 * undefined when none has. Reads Linux's `/proc`, which needs no privileges for processes of the same user.
 */
export async function socketOwner(
  localPort: number,
  remotePort: number,
  pids: readonly number[],
): Promise<number | undefined> {
  const inode = inodeOf(await readFile('/proc/net/tcp', 'utf8'), localPort, remotePort);
  if (inode === undefined) return undefined;
  const holds = await Promise.all(pids.map((pid) => holdsSocket(pid, inode)));
  return pids.find((_, i) => holds[i]);
}

/**
 * Returns which of the processes listens on the TCP port; `another` when none of them does; undefined where this cannot be
 * determined.
 */
export async function listenerOf(
  port: number,
  pids: readonly number[],
): Promise<number | 'another' | undefined> {
  const table = await readFile('/proc/net/tcp', 'utf8').catch(() => '');
  const inode = inodeOf(table, port, 0);
  if (inode === undefined) return undefined;
  for (const pid of pids) if (await holdsSocket(pid, inode)) return pid;
  const readable = await Promise.all(pids.map((pid) => readdir(`/proc/${pid}/fd`).catch(isGone)));
  return readable.every(Boolean) ? 'another' : undefined;
}

/** Other errors mean that the process is not readable, as for a program with capabilities. */
function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOENT' || error.code === 'ESRCH';
}

/**
 * The socket's inode in the text of `/proc/net/tcp`, whose ports are hexadecimal. One expression for the whole text: a
 * busy machine has tens of thousands of sockets, and a cluster asks for each connection between its members.
 */
export function inodeOf(table: string, localPort: number, remotePort: number): string | undefined {
  const [local, remote] = [localPort, remotePort].map((port) =>
    port.toString(16).toUpperCase().padStart(4, '0'),
  );
  // Between the ports and the inode: state, queues, timer, retransmissions, user, timeout.
  return new RegExp(`:${local} [0-9A-F]+:${remote} (?:\\S+ +){6}(\\d+) `).exec(table)?.[1];
}

async function holdsSocket(pid: number, inode: string): Promise<boolean> {
  try {
    const folder = `/proc/${pid}/fd`;
    const links = (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => ''));
    return (await Promise.all(links)).includes(`socket:[${inode}]`);
  } catch {
    return false; // the process has ended
  }
}
