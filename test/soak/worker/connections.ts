import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const established = '01';

/** The established TCP connections over IPv4 of this process, by the address at the other end. */
export function readConnections(): Record<string, number> {
  return countPeers(readFileSync('/proc/self/net/tcp', 'utf8'), new Set(ownInodes()));
}

/** @param table The text of `/proc/net/tcp`. */
export function countPeers(table: string, inodes: ReadonlySet<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of table.split('\n').slice(1)) {
    const [, , remote = '', state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state !== established || !inodes.has(inode)) continue;
    const peer = toAddress(remote);
    counts[peer] = (counts[peer] ?? 0) + 1;
  }
  return counts;
}

function ownInodes(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [inode];
    } catch {
      return []; // the descriptor of this read, or closed meanwhile
    }
  });
}

/** `0100007F:1F90` is 127.0.0.1:8080: the bytes of the address are reversed. */
function toAddress(text: string): string {
  const [host = '', port = ''] = text.split(':');
  const bytes = [...Buffer.from(host, 'hex')].reverse();
  return `${bytes.join('.')}:${Number.parseInt(port, 16)}`;
}
