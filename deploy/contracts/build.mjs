// Compiles src/*.sol into out/*.json (or the folder given), the same bytes every time.
//   tests/peers/install.sh && node deploy/contracts/build.mjs [folder]
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, 'out');
const solc = createRequire(join(here, '../../tests/peers/package.json'))('solc');

// What is deployed; the rest is compiled into it.
const contracts = {
  GuardianModule: 'GuardianModule.sol',
  ValidatorRegistry: 'ValidatorRegistry.sol',
  LocalDepositContract: 'DepositContract.sol',
  Forwarder: 'Forwarder.sol',
  ExitProposals: 'ExitProposals.sol',
  GroupKey: 'GroupKey.sol',
};
const localOnly = 'For local networks and tests only; it must never hold value.';
const notAudited = 'Not audited: have it audited before it is deployed on a public network.';
const notices = { ExitProposals: notAudited, GroupKey: notAudited };

const sources = Object.fromEntries(
  readdirSync(join(here, 'src'))
    .filter((file) => file.endsWith('.sol'))
    .sort()
    .map((file) => [file, { content: readFileSync(join(here, 'src', file), 'utf8') }]),
);
const settings = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'cancun',
  metadata: { bytecodeHash: 'none' },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
};
const answer = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources, settings })));
for (const { formattedMessage } of answer.errors ?? []) process.stderr.write(formattedMessage);
// A warning is an error: the sources are few.
if (answer.errors?.length) process.exit(1);

mkdirSync(out, { recursive: true });
for (const [name, file] of Object.entries(contracts)) {
  const { abi, evm } = answer.contracts[file][name];
  const artefact = {
    contract: name,
    notice: notices[name] ?? localOnly,
    compiler: solc.version(),
    settings: { evmVersion: settings.evmVersion, optimizerRuns: settings.optimizer.runs },
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
  };
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify(artefact, null, 1)}\n`);
}
