import assert from 'node:assert/strict';
import { missedLargeAnswer, missedRequestLimit } from '../../fronts/check/limits.js';
import { type LoggedRequest, parseLog } from '../../fronts/front/log.js';

const put = (connection: string): LoggedRequest => {
  return { status: '200', path: '/etcdserverpb.KV/Put', connection, bytesSent: 100 };
};
const range = (bytesSent: number): LoggedRequest => {
  return { status: '200', path: '/etcdserverpb.KV/Range', connection: '1', bytesSent };
};

describe('the log of a front end', () => {
  it('is read without the messages of the program', () => {
    const text = [
      '[NOTICE]   (1) : New worker (2) forked',
      '413 /etcdserverpb.KV/Put 7 250',
      '-1 <BADREQ> 127.0.0.1:4711 0',
      '-- - 127.0.0.1:4712 8400000',
      '502 ',
    ].join('\n');
    assert.deepEqual(parseLog(text), [
      { status: '413', path: '/etcdserverpb.KV/Put', connection: '7', bytesSent: 250 },
      { status: '-1', path: '<BADREQ>', connection: '127.0.0.1:4711', bytesSent: 0 },
      { status: '--', path: '-', connection: '127.0.0.1:4712', bytesSent: 8_400_000 },
    ]);
  });
});

describe('the limit of requests on a connection', () => {
  it('is shown by many connections', () => {
    const requests = Array.from({ length: 100 }, (_, i) => put(String(Math.floor(i / 20))));
    assert.equal(missedRequestLimit(requests, 20), undefined);
  });

  it('is not shown by many requests alone', () => {
    const requests = Array.from({ length: 500 }, () => put('1'));
    assert.equal(missedRequestLimit(requests, 20), '500 requests came on 1 connections');
    assert.match(missedRequestLimit(requests.slice(0, 30), 20) ?? '', /30 requests/);
  });
});

describe('a large answer', () => {
  it('is one answer of an HTTP/2 proxy', () => {
    assert.equal(missedLargeAnswer([put('1'), range(1_000)], 1_000, 'grpc'), undefined);
    const byHaproxy = { ...range(1_000), path: 'http://127.0.0.1:1/etcdserverpb.KV/Range' };
    assert.equal(missedLargeAnswer([byHaproxy], 1_000, 'grpc'), undefined);
    assert.match(missedLargeAnswer([range(500), range(500)], 1_000, 'grpc') ?? '', /had 500 bytes/);
    assert.match(missedLargeAnswer([{ ...put('1'), bytesSent: 5_000 }], 1_000, 'grpc') ?? '', /had 0 bytes/);
  });

  it('comes on top of the events of a watch through a TCP proxy', () => {
    const connection = (bytesSent: number): LoggedRequest => ({ ...range(bytesSent), path: '-' });
    assert.equal(missedLargeAnswer([connection(2_000)], 1_000, 'tcp'), undefined);
    assert.match(missedLargeAnswer([connection(1_500)], 1_000, 'tcp') ?? '', /had 500 bytes/);
    assert.match(missedLargeAnswer([], 1_000, 'tcp') ?? '', /had 0 bytes/);
  });
});
