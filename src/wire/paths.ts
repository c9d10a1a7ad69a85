/**
 * The paths of the RPCs that the client calls. The generated services have them too, but a service refers to each of its
 * messages, so that the main entry would contain the code of all of them.
 */
export const paths = {
  range: '/etcdserverpb.KV/Range',
  rangeStream: '/etcdserverpb.KV/RangeStream',
  put: '/etcdserverpb.KV/Put',
  deleteRange: '/etcdserverpb.KV/DeleteRange',
  txn: '/etcdserverpb.KV/Txn',
  compact: '/etcdserverpb.KV/Compact',
  watch: '/etcdserverpb.Watch/Watch',
  leaseGrant: '/etcdserverpb.Lease/LeaseGrant',
  leaseRevoke: '/etcdserverpb.Lease/LeaseRevoke',
  leaseKeepAlive: '/etcdserverpb.Lease/LeaseKeepAlive',
  leaseTimeToLive: '/etcdserverpb.Lease/LeaseTimeToLive',
  leaseLeases: '/etcdserverpb.Lease/LeaseLeases',
  authenticate: '/etcdserverpb.Auth/Authenticate',
  memberList: '/etcdserverpb.Cluster/MemberList',
  status: '/etcdserverpb.Maintenance/Status',
} as const;
