// Voluntary-exit roots and domains from Lodestar's own packages, all forks to Fulu: EIP-7044 and the rule before it.
//
//   npm i --ignore-scripts @lodestar/config@1.28.1 @lodestar/types@1.28.1 @lodestar/params@1.28.1
//   node generate_exit_vectors.mjs > exit_lodestar.json
import {createBeaconConfig} from "@lodestar/config";
import {mainnetChainConfig} from "@lodestar/config/networks";
import {ssz} from "@lodestar/types";

const hex = (bytes) => "0x" + Buffer.from(bytes).toString("hex");
const genesisValidatorsRoot = Buffer.from("4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95", "hex");
// This release predates mainnet's last two forks; their epochs are filled in.
const chain = {...mainnetChainConfig, ELECTRA_FORK_EPOCH: 364032, FULU_FORK_EPOCH: 411392};
const config = createBeaconConfig(chain, genesisValidatorsRoot);
const names = ["phase0", "altair", "bellatrix", "capella", "deneb", "electra", "fulu"];
const forks = names.map((name) => ({
  name,
  version: hex(config.forks[name].version),
  epoch: String(config.forks[name].epoch),
}));

const cases = [];
for (const fork of forks) {
  for (const state of [Number(fork.epoch), Number(fork.epoch) + 300]) {
    for (const [epoch, validatorIndex] of [[0, 0], [1, 2], [state, 1234567], [Math.max(state - 400, 0), 3], [100000, 42]]) {
      const message = {epoch, validatorIndex};
      const domain = config.getDomainForVoluntaryExit(state * 32, epoch * 32);
      const objectRoot = ssz.phase0.VoluntaryExit.hashTreeRoot(message);
      cases.push({
        state_fork: fork.name,
        state_epoch: String(state),
        epoch: String(epoch),
        validator_index: String(validatorIndex),
        hash_tree_root: hex(objectRoot),
        domain: hex(domain),
        signing_root: hex(ssz.phase0.SigningData.hashTreeRoot({objectRoot, domain})),
      });
    }
  }
}
console.log(JSON.stringify({
  source: "npm @lodestar/config, @lodestar/types 1.28.1",
  genesis_validators_root: hex(genesisValidatorsRoot),
  forks,
  cases,
}, null, 1));
