import assert from 'node:assert/strict';
import { readPage, rowsOf } from './support/page.js';
import { loadPeer, peerMembers, peerSource } from './support/peer.js';

/** The sections of the classes whose name is not in a heading. */
const sections: Readonly<Record<string, string>> = {
  Lock: 'Locks',
  Election: 'Elections',
  Campaign: 'Elections',
  ElectionObserver: 'Elections',
  SoftwareTransaction: 'Transactional memory',
};
/** Classes whose methods begin programs everywhere. */
const everywhere = ['Etcd3', 'Namespace'];
/** What etcd3 exports but does not document, with no use for its callers. */
const internal = ['Host', 'ConnectionPool', 'WatchManager'];
/** The option interfaces. Other interfaces describe what etcd receives and sends. */
const optionInterfaces = ['IOptions', 'ILeaseOptions', 'ISTMOptions'];

describe('docs/migrating/from-etcd3.md, compared with etcd3 itself', () => {
  const page = readPage('from-etcd3');
  const rows = rowsOf(page);
  it('has a row for each public method, property, event and option', () => {
    const missing: string[] = [];
    let count = 0;
    for (const [name, members] of peerMembers()) {
      if (internal.includes(name) || (name.startsWith('I') && !optionInterfaces.includes(name))) continue;
      const section = sections[name];
      const cells = rows
        .filter(
          (row) =>
            everywhere.includes(name) || row.section === section || row.section.includes(`\`${name}\``),
        )
        .map(({ cell }) => cell);
      for (const member of members) {
        count++;
        if (!cells.some((cell) => isNamed(cell, member))) missing.push(`${name}: ${member}`);
      }
    }
    assert.deepEqual(missing, []);
    assert.ok(count > 180, `only ${count} members were found`);
  });

  it('names everything that etcd3 exports', () => {
    const exported = Object.keys(loadPeer());
    assert.ok(exported.length > 60);
    assert.deepEqual(
      exported.filter((name) => !isNamed(page, name)),
      [],
    );
  });

  it('is right that etcd3 ignores dialTimeout and never emits disconnected from an observer', () => {
    assert.doesNotMatch(peerSource(), /dialTimeout/);
    const [, observer = ''] = /class ElectionObserver(.*?)\n}\n/s.exec(peerSource()) ?? [];
    assert.match(observer, /emit\('change'/);
    assert.doesNotMatch(observer, /disconnected'/);
  });
});

function isNamed(text: string, name: string): boolean {
  return name.startsWith("'") ? text.includes(name) : new RegExp(`(?<!\\w)${name}(?!\\w)`).test(text);
}
