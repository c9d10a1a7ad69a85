import { call } from './call.js';

// "moved": this is a bundle, in a folder without node_modules. "split": this is a bundle with its own copy of grpc-js,
// and the package is outside of it.
const { ETCD_ENDPOINT, CONSUMER } = process.env;
const [how] = process.argv.slice(2);

async function main() {
  const answer = call(ETCD_ENDPOINT, CONSUMER, { moved: how === 'moved' });
  if (how !== 'split') return console.log(await answer);
  const message = await answer.catch((error) => error.message);
  if (!message.includes('Failed to parse DNS address')) throw new Error(`it was answered: ${message}`);
  console.log(`hello, ${CONSUMER}: ${message}`);
  process.exit();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
