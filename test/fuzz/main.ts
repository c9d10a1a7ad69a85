import { parseArgs } from 'node:util';
import { RECORD_HELP, recordProof } from '../support/proof.js';
import { answersTarget } from './answers/target.js';
import { storedCodecsTarget } from './codecs/stored.js';
import { codecsTarget } from './codecs/target.js';
import { framesTarget } from './frames/target.js';
import { goTarget } from './go/target.js';
import { jsonTarget } from './json/target.js';
import { addressesTarget } from './names/addresses.js';
import { keysTarget } from './names/keys.js';
import { targetsTarget } from './names/targets.js';
import { recordsTarget } from './records/target.js';
import { serverTarget } from './server/target.js';
import type { FuzzTarget } from './target.js';

const targets: readonly FuzzTarget[] = [
  serverTarget,
  framesTarget,
  answersTarget,
  jsonTarget,
  recordsTarget,
  codecsTarget,
  storedCodecsTarget,
  addressesTarget,
  targetsTarget,
  keysTarget,
  goTarget,
];

function recordable(): string {
  return targets.flatMap(({ name, proof }) => (proof ? [name] : [])).join(', ');
}

const help = `npm run fuzz -- [options]

  --target T    one of (default ${serverTarget.name}):
${targets.map(({ name, about }) => `                  ${name}: ${about}`).join('\n')}
  --seconds N   duration (default 60); the end takes up to a minute more
  --seed S      determines the inputs and their order (default: random, printed)
  --json        print one line of JSON
  ${RECORD_HELP} (${recordable()})

Prints a line every 10 s. Exit codes:

  0    nothing was found
  1    a crash, a hang, an unhandled rejection, an untyped error, a request loop, too much memory, an answer that the
       generated code decodes differently, a text that Go or grpc-js parses differently, a valid record that an invalid
       one affects; or the run is void, because too little happened
  2    a wrong option
  130  after SIGINT: no result`;

const progressEveryMs = 10_000;

const values = readOptions();
if (values.help) {
  console.log(help);
  process.exit(0);
}
const target = targets.find(({ name }) => name === values.target);
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!target)
  refuse(`--target is '${values.target}'; it must be one of ${targets.map(({ name }) => name).join(', ')}`);
if (!(seconds > 0 && Number.isFinite(seconds)))
  refuse(`--seconds is '${values.seconds}'; it must be a number above 0`);
if (!Number.isInteger(seed) || values.seed === '')
  refuse(`--seed is '${values.seed}'; it must be a whole number`);
if (values.record && !target.proof) refuse(`--record is for ${recordable()}; the target is '${target.name}'`);
process.once('SIGINT', () => {
  console.error('interrupted: no result'); // the processes under test end with this one
  process.exit(130);
});

if (!values.json) console.log(`target ${target.name}, seed ${seed}, ${seconds} s`);
const began = performance.now();
let progress = () => '';
const timer = setInterval(() => {
  console.error(`${Math.round((performance.now() - began) / 1_000)} of ${seconds} s: ${progress()}`);
}, progressEveryMs);
const { counts, figures, failures, proof } = await target.run({
  seconds,
  seed,
  onStart: (describe) => {
    progress = describe;
  },
});
clearInterval(timer);
if (values.json)
  console.log(JSON.stringify({ target: target.name, seed, seconds, counts, figures, failures }));
else {
  for (const name of Object.keys(counts).sort()) console.log(`${String(counts[name]).padStart(7)}  ${name}`);
  for (const figure of figures) console.log(figure);
  for (const failure of failures) console.log(`FAILED: ${failure}`);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  console.log(
    `${total} inputs of ${Object.keys(counts).length} kinds, ${failures.length} failures (seed ${seed})`,
  );
}
if (values.record && target.proof && proof) {
  const command = `npm run fuzz -- --target ${target.name} --seconds ${seconds} --seed ${seed}`;
  const passed = failures.length === 0;
  const path = await recordProof(target.proof, {
    ...proof,
    command,
    passed,
    etcd: [],
    figures: { seconds, ...proof.figures, failures: failures.length },
  });
  console.error(`the figures are in ${path}`);
}
process.exit(failures.length === 0 ? 0 : 1);

function refuse(reason: string): never {
  console.error(`${reason}\n\n${help}`);
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        target: { type: 'string', default: serverTarget.name },
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string' },
        json: { type: 'boolean', default: false },
        record: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}
