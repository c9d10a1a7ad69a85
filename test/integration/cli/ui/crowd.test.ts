import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Backend } from '#src/cli/ui/ports.js';
import { PageServer, type TlsFiles } from '#src/cli/ui/server/index.js';
import { limits } from '#src/cli/ui/server/limits.js';
import { CertificateAuthority } from '#src/testing/certificates/index.js';
import { eventually } from '../../../support/eventually.js';
import { FakeCatalog, settings } from '../../../unit/cli/ui/server/fake-catalog.js';
import { RawHttp } from './raw-http.js';

const unused = () => Promise.reject(new Error('not requested'));
const backend: Backend = {
  ...{ settings, catalog: new FakeCatalog(), record: unused, preview: unused, perform: unused },
  leases: async () => ({ leases: {} }),
  members: async () => ({ members: [] }),
};

const authority = CertificateAuthority.root('page');
const { cert, key } = authority.issue({ names: ['127.0.0.1'] });
const certificate = { cert: Buffer.from(cert), key: Buffer.from(key) };

/** What a process without a session sends, and nothing after it. */
const head = (path: string, host: string) =>
  `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n`;

for (const [scheme, tls, texts] of [
  ['http', undefined, { 'half a header': 'GET / HTTP/1.1\r\nHost: ', nothing: '' }],
  ['https', certificate, { nothing: '', 'the begin of a handshake': '\x16\x03\x01' }],
] as const)
  describe(`the server of the page over ${scheme}, and many processes without a session`, () => {
    let server: PageServer;
    let http: RawHttp;
    let sockets: Socket[];

    beforeEach(async () => {
      sockets = [];
      const files: TlsFiles | undefined = tls;
      const addresses = ['127.0.0.1'];
      server = await PageServer.start({
        ...{ backend, assets: new Map(), addresses, publicHost: '127.0.0.1', port: 0, tls: files },
      });
      http = new RawHttp(server.createUrl(), authority.pem);
    });
    afterEach(async () => {
      for (const socket of sockets) socket.destroy();
      await server.close();
    });

    const open = async (count: number, text: string) => {
      for (let i = 0; i < count; i++) {
        const socket = connect(http.port, '127.0.0.1').on('error', () => {});
        sockets.push(socket);
        await once(socket, 'connect');
        socket.write(text, 'latin1');
      }
    };

    for (const [what, text] of Object.entries(texts))
      it(`keeps a session while they open more connections than the limit, and send ${what}`, async () => {
        const own = await http.open(server.createUrl());
        const stream = http.stream('/api/events', own);
        assert.equal(await stream.opened, 200);
        let isClosed = false;
        void stream.closed.then(() => {
          isClosed = true;
        });
        await open(limits.connections + 20, text);
        assert.equal((await http.post('/api/members', {}, own)).status, 200);
        await eventually('the oldest of them is closed', () => sockets[0]?.destroyed);
        assert.deepEqual([isClosed, sockets.at(-1)?.destroyed], [false, false]);
        stream.close();
      });

    if (scheme === 'http')
      it('serves a session while they send bodies slowly', async () => {
        for (const path of ['/api/members', '/api/session'])
          await open(limits.requests + 6, head(path, http.host));
        const own = await http.open(server.createUrl());
        assert.equal((await http.post('/api/members', {}, own)).status, 200);
      });
  });
