import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Which of the processes holds the near end of a loopback TCP connection from `localPort` to `remotePort`; undefined
 * when none does, or no longer. Read from Linux's `/proc`, which needs no rights for processes of the same user.
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

/** The socket's inode in the text of `/proc/net/tcp`, whose ports are hexadecimal. */
export function inodeOf(table: string, localPort: number, remotePort: number): string | undefined {
  const [local, remote] = [localPort, remotePort].map(
    (port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`,
  );
  for (const line of table.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (local && remote && fields[1]?.endsWith(local) && fields[2]?.endsWith(remote)) return fields[9];
  }
  return undefined;
}

async function holdsSocket(pid: number, inode: string): Promise<boolean> {
  try {
    const folder = `/proc/${pid}/fd`;
    const links = (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => ''));
    return (await Promise.all(links)).includes(`socket:[${inode}]`);
  } catch {
    return false; // the process is gone
  }
}
