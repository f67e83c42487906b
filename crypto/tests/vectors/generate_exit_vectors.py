"""Voluntary-exit roots and domains from the executable consensus specs (PyPI `eth2spec`), phase0 to capella.

    python3 -m venv v && v/bin/pip install --no-deps eth2spec==1.1.10 py_ecc==5.2.0
    v/bin/pip install remerkleable==0.1.24 pycryptodome ruamel.yaml lru-dict 'eth-utils<3' setuptools mypy_extensions cached-property
    v/bin/python generate_exit_vectors.py > exit_eth2spec.json
"""

import json
import sys
import types

# The spec package imports a native BLS binding that it does not need for roots and domains.
sys.modules["milagro_bls_binding"] = types.ModuleType("milagro_bls_binding")

from eth2spec.altair import mainnet as altair  # noqa: E402
from eth2spec.bellatrix import mainnet as bellatrix  # noqa: E402
from eth2spec.capella import mainnet as capella  # noqa: E402
from eth2spec.phase0 import mainnet as phase0  # noqa: E402

GENESIS_VALIDATORS_ROOT = "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"
# Mainnet's schedule: name, version, epoch.
FORKS = [
    ("phase0", "0x00000000", 0),
    ("altair", "0x01000000", 74240),
    ("bellatrix", "0x02000000", 144896),
    ("capella", "0x03000000", 194048),
]
SPECS = {"phase0": phase0, "altair": altair, "bellatrix": bellatrix, "capella": capella}
EXITS = [(0, 0), (1, 2), (74239, 21), (144900, 2**40 - 1), (194047, 500000), (194048, 500001), (194500, 77),
         (2**64 - 1, 2**64 - 1), (123456789, 987654321)]


def state(spec, place, epoch):
    """As much of a BeaconState as `get_domain` reads."""
    previous = FORKS[max(place - 1, 0)]
    current = FORKS[place]
    return types.SimpleNamespace(
        slot=spec.Slot(epoch * spec.SLOTS_PER_EPOCH),
        genesis_validators_root=spec.Root(GENESIS_VALIDATORS_ROOT),
        fork=spec.Fork(previous_version=previous[1], current_version=current[1], epoch=current[2]),
    )


cases = []
for place, (name, _, start) in enumerate(FORKS):
    spec = SPECS[name]
    for current in (start, start + 300):
        for epoch, index in EXITS:
            exit = spec.VoluntaryExit(epoch=epoch, validator_index=index)
            domain = spec.get_domain(state(spec, place, current), spec.DOMAIN_VOLUNTARY_EXIT, exit.epoch)
            cases.append({
                "state_fork": name,
                "state_epoch": str(current),
                "epoch": str(epoch),
                "validator_index": str(index),
                "hash_tree_root": "0x" + spec.hash_tree_root(exit).hex(),
                "domain": "0x" + bytes(domain).hex(),
                "signing_root": "0x" + spec.compute_signing_root(exit, domain).hex(),
            })

json.dump({
    "source": "PyPI eth2spec 1.1.10 (consensus-specs, executable)",
    "genesis_validators_root": GENESIS_VALIDATORS_ROOT,
    "forks": [{"name": n, "version": v, "epoch": str(e)} for n, v, e in FORKS],
    "cases": cases,
}, sys.stdout, indent=1)
print()
