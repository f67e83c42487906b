"""BLS signatures and key shares from py_ecc, a pure-Python implementation with the consensus specs' ciphersuite.

    python3 -m venv v && v/bin/pip install py_ecc==8.0.0
    v/bin/python generate_bls_vectors.py > bls_py_ecc.json
"""

import hashlib
import json
import sys

from py_ecc.bls import G2ProofOfPossession as bls
from py_ecc.optimized_bls12_381 import curve_order as r


def number(tag):
    return int.from_bytes(hashlib.sha512(tag.encode()).digest(), "big") % r


def scalar(value):
    return "0x" + value.to_bytes(32, "big").hex()


signatures = []
for i in range(4):
    secret, message = number(f"secret {i}"), hashlib.sha256(f"message {i}".encode()).digest()
    signature = bls.Sign(secret, message)
    assert bls.Verify(bls.SkToPk(secret), message, signature)
    signatures.append({
        "secret_key": scalar(secret),
        "public_key": "0x" + bls.SkToPk(secret).hex(),
        "signing_root": "0x" + message.hex(),
        "signature": "0x" + signature.hex(),
    })

# f of degree 2 at x = 1..4: the shares' own keys and signatures, and the whole key's.
coefficients = [number(f"coefficient {i}") for i in range(3)]
root = hashlib.sha256(b"shared root").digest()
shares = []
for x in range(1, 5):
    share = sum(c * pow(x, k, r) for k, c in enumerate(coefficients)) % r
    shares.append({
        "index": x,
        "secret": scalar(share),
        "public_key": "0x" + bls.SkToPk(share).hex(),
        "signature": "0x" + bls.Sign(share, root).hex(),
    })

json.dump({
    "source": "PyPI py_ecc 8.0.0, G2ProofOfPossession",
    "signatures": signatures,
    "threshold": {
        "commitments": "0x" + b"".join(bls.SkToPk(c) for c in coefficients).hex(),
        "signing_root": "0x" + root.hex(),
        "signature": "0x" + bls.Sign(coefficients[0], root).hex(),
        "shares": shares,
    },
}, sys.stdout, indent=1)
print()
