import assert from 'node:assert/strict';
import { insertAfter, replaceLines, setLines } from '../../fronts/front/config-text.js';
import { haproxy } from '../../fronts/front/haproxy.js';
import { nginx } from '../../fronts/front/nginx.js';
import type { FrontSettings } from '../../fronts/front/settings.js';

describe('an example configuration', () => {
  const config = 'global\n  timeout client 1h # quiet\n  server a\n  server b\n';

  it('is changed by the beginnings of its lines', () => {
    assert.equal(
      replaceLines(config, 'server ', 'server c'),
      'global\n  timeout client 1h # quiet\nserver c\n',
    );
    assert.match(insertAfter(config, 'global', 'log x'), /^global\nlog x\n/);
  });

  it('must have the line that is changed', () => {
    assert.throws(() => replaceLines(config, 'no such', 'x'), /no line that begins with 'no such'/);
    assert.throws(() => insertAfter(config, 'no such', 'x'), /no line that begins with 'no such'/);
  });

  it('gets a directive once', () => {
    const changed = setLines(config, 'global', [
      ['timeout client ', 'timeout client 2s'],
      ['nbthread ', 'nbthread 1'],
    ]);
    assert.equal(changed, 'global\nnbthread 1\ntimeout client 2s\n  server a\n  server b\n');
  });

  const files = { certificate: '/c.pem', key: '/c.key', pair: '/pair.pem', authority: '/ca.pem' };
  const limits = { idleSeconds: 2, answerSeconds: 1, concurrentStreams: 8, headerBytes: 8_192 };
  for (const kind of [nginx, haproxy])
    for (const mode of ['tcp', 'grpc'] as const) {
      it(`has all lines that the campaign changes: ${kind.name}, ${mode}`, async () => {
        const settings: FrontSettings = {
          mode,
          tls: 'both',
          port: 1_234,
          etcd: 'h:1',
          files,
          log: '/log',
          limits,
        };
        const text = await kind.config(settings);
        assert.ok(text.includes('127.0.0.1:1234'), text);
        assert.ok(text.includes('/ca.pem'), text);
        assert.ok(!text.includes('10.0.0.'), text);
        assert.ok(
          !/\b1h\b/.test(text.replaceAll(/#.*/g, '').replaceAll(/^ *keepalive_requests.*/gm, '')),
          text,
        );
      });
    }
});
