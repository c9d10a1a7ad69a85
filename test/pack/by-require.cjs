const grpc = require('@grpc/grpc-js');
const naming = require('@org/etcd-naming');
const proto = require('@org/etcd-naming/proto');
const { main } = require('./one-call.cjs');

main({ grpc, naming, proto }, ...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
