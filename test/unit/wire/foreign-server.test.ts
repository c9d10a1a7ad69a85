import { equal } from 'node:assert/strict';
import { type Channel, status } from '@grpc/grpc-js';
import { CallMetadata } from '#src/wire/call/metadata.js';
import { MemberChecks } from '#src/wire/member/checks.js';
import type { Member } from '#src/wire/member/member.js';
import { answerBytes, ScriptedCall } from './call-fixture.js';

describe('the check for another server than etcd', () => {
  const metadata = new CallMetadata(undefined);
  const checks = new MemberChecks({ maxReceiveBytes: 1_000, running: new Set(), metadata: () => metadata });

  /** The result when the test answers the read of the check. */
  function checked(answer: (call: ScriptedCall) => void): Promise<boolean | undefined> {
    const call = new ScriptedCall();
    const channel = { createCall: () => call } as unknown as Channel;
    const result = checks.isForeign({ readyChannel: channel } as Member, 10_000);
    answer(call);
    return result;
  }

  it('finds etcd by its answer, also by a refusal', async () => {
    const answers = [
      (call: ScriptedCall) => {
        call.message(answerBytes(5n));
        call.end();
      },
      (call: ScriptedCall) => call.end(status.PERMISSION_DENIED, 'etcdserver: permission denied'),
      (call: ScriptedCall) => call.end(status.UNAVAILABLE, 'etcdserver: no leader'),
    ];
    for (const answer of answers) equal(await checked(answer), false);
  });

  it('finds another server by its answer', async () => {
    equal(await checked((call) => call.end(status.UNIMPLEMENTED, 'unknown service etcdserverpb.KV')), true);
  });

  it('finds neither without an answer', async () => {
    equal(await checked((call) => call.end(status.UNAVAILABLE, 'Connection dropped')), undefined);
    equal(await checks.isForeign({ readyChannel: undefined } as Member, 10_000), undefined);
  });
});
