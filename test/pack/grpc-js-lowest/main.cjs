const grpc = require('@grpc/grpc-js');
const naming = require('@org/etcd-naming');
const proto = require('@org/etcd-naming/proto');
const { oneCall } = require('./one-call.js');

const { ETCD_ENDPOINT, CONSUMER } = process.env;

oneCall({ grpc, naming, proto }, ETCD_ENDPOINT, CONSUMER).then(console.log, (error) => {
  console.error(error);
  process.exit(1);
});
