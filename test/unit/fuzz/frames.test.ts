import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer } from 'node:net';
import { HostileConnection } from '../../fuzz/frames/connection.js';
import { frameFaults } from '../../fuzz/frames/faults/index.js';
import {
  describeFrame,
  encodeFrame,
  type Frame,
  FrameReader,
  flags,
  frame,
  frameTypes,
  settings,
  words,
} from '../../fuzz/frames/frame.js';
import { headerBlock, responseFields } from '../../fuzz/frames/header-block.js';
import { findKnownAbort } from '../../fuzz/frames/known-aborts.js';
import { type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';

describe('frames', () => {
  const sent = [
    frame(frameTypes.data, 5, Buffer.from('abc'), flags.endStream),
    frame(frameTypes.settings, 0),
    frame(frameTypes.windowUpdate, 0, words(2 ** 31 - 1)),
  ];
  const bytes = Buffer.concat(sent.map((one) => encodeFrame(one)));

  it('are read as they were written, however the bytes are divided', () => {
    for (let size = 1; size <= bytes.length; size++) {
      const reader = new FrameReader();
      const read: Frame[] = [];
      for (let at = 0; at < bytes.length; at += size)
        read.push(...reader.read(bytes.subarray(at, at + size)));
      assert.deepEqual(read, sent, `in pieces of ${size} bytes`);
    }
  });

  it('may claim a length that they do not have', () => {
    assert.equal(encodeFrame(frame(0, 1, Buffer.from('abc')), 70_000).readUIntBE(0, 3), 70_000);
  });

  it('are described in one line', () => {
    assert.equal(
      describeFrame(frame(frameTypes.settings, 0, settings([4, 1]))),
      'SETTINGS flags 0 stream 0, 6 bytes 000400000001',
    );
  });
});

describe('a header block', () => {
  it('has the length of a long value in several bytes', () => {
    const block = headerBlock([['a', 'x'.repeat(1_337)]]);
    assert.equal(block.subarray(0, 7).toString('hex'), '0001617fba0978');
  });
});

describe('faults', () => {
  it('have different names', () => {
    assert.equal(new Set(frameFaults.map(({ name }) => name)).size, frameFaults.length);
  });
});

describe('a connection with faults', () => {
  let server: ScriptedServer;
  let client: ClientHttp2Session;
  let end: () => void;

  /** Starts a client whose first response comes after these frames. */
  async function startClient(act: (connection: HostileConnection, sent: Frame) => 'forward' | 'drop') {
    server = await startScriptedServer((call) => call.reply(Buffer.from('x')));
    const [host = '', port] = server.endpoint.split(':');
    const listener = createServer((socket) => {
      const connection = new HostileConnection(socket, connect(Number(port), host), {
        onServerFrame: (one) => (one.type === frameTypes.headers ? act(connection, one) : 'forward'),
        onSent: () => {},
      });
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    client = connectHttp2(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`);
    client.on('error', () => {});
    end = () => {
      client.destroy();
      listener.close();
    };
  }

  afterEach(async () => {
    end();
    await server.close();
  });

  /** The code of the stream's end, once it has ended. */
  async function request(): Promise<number | undefined> {
    const stream = client.request({ ':path': '/a/b', ':method': 'POST' });
    stream.on('error', () => {}); // the code says it
    stream.resume().end();
    await new Promise((resolve) => stream.once('close', resolve));
    return stream.rstCode;
  }

  it("does not pass on the answers to a fault's SETTINGS and PING, which would end it", async () => {
    const hostile = [
      frame(frameTypes.settings, 0, settings([3, 7])),
      frame(frameTypes.ping, 0, Buffer.alloc(8, 1)),
    ];
    await startClient((connection) => {
      connection.send(...hostile);
      return 'forward';
    });
    for (let i = 0; i < 3; i++) assert.equal(await request(), 0);
    assert.equal(client.remoteSettings.maxConcurrentStreams, 7);
    assert.equal(client.closed, false);
  });

  it('can replace any header block, because none depends on another', async () => {
    let replaced = 0;
    await startClient((connection, { streamId }) => {
      if (replaced++ > 0) return 'forward';
      connection.send(frame(frameTypes.headers, streamId, headerBlock(responseFields), flags.endHeaders));
      return 'drop';
    });
    for (let i = 0; i < 3; i++) assert.equal(await request(), 0);
  });

  it('drops the frames of a stream that is muted', async () => {
    await startClient((connection, { streamId }) => {
      connection.send(frame(frameTypes.reset, streamId, words(11)));
      connection.mute(streamId);
      return 'forward';
    });
    assert.equal(await request(), 11);
  });
});

describe('the end of a client process', () => {
  const text = "../src/node_http2.cc:525: Assertion `(current_nghttp2_memory_) == (0)' failed.";

  it("is a known defect of Node if it was ended by a signal, with the defect's text", () => {
    assert.match(findKnownAbort('SIGABRT', text)?.issue ?? '', /^https:\/\/github\.com\/nodejs\/node\//);
  });

  it('is not otherwise', () => {
    assert.equal(findKnownAbort('SIGABRT', 'Assertion `stream != nullptr` failed.'), undefined);
    assert.equal(findKnownAbort('1', text), undefined);
    assert.equal(findKnownAbort('SIGKILL', text), undefined);
  });
});
