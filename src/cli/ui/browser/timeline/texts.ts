import type { LeaveReason } from '../../protocol/index.js';

const explanations: Readonly<Record<LeaveReason, string>> = {
  drained: 'It was marked as draining before: its server announced its end, or an operator drained it.',
  deleted:
    'The record was deleted by its server, an operator or another program, not by the end of a lease: its lease is alive, or it had none.',
  'lease-ended':
    'Its lease expired or was revoked: its server crashed, was cut off, or stopped. etcd does not distinguish these afterwards.',
  'store-replaced':
    'etcd has another content, for example of a restored backup, and the record is not in it.',
  invalid: 'Its key has a value now that is not an endpoint.',
  unknown:
    'It could not be found out: etcd did not answer, refused to, or was not asked, because many records left at once.',
};

export function reasonExplanation(reason: LeaveReason | undefined): string {
  return reason === undefined ? 'etcd is being asked for the state of its lease.' : explanations[reason];
}
