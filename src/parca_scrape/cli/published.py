"""The digests of the reference libraries, which tell a published file from an edited one.

Source: `lib/charms/*/v0/parca_scrape.py` at each commit that changed it on the main branches of
https://github.com/canonical/parca-operator and https://github.com/canonical/parca-k8s-operator.
Some versions changed without a new LIBPATCH, and LIBPATCH 6 of parca differs between the two
repositories.
"""

from __future__ import annotations

from typing import Dict, Tuple

# SHA-256 of the UTF-8 text with line feeds, by the charm in the import path and by LIBPATCH.
PUBLISHED: Dict[str, Dict[int, Tuple[str, ...]]] = {
    "parca": {
        1: ("92049551d1ffda8879874d2ddb113fab3fd5e8c32eafe6fbaf8c2c01777acbfd",),
        2: ("a81d6c789bc543d12126c1ccc42f1bb78b8654c168ec880d293cc91b39f04c6d",),
        3: (
            "f998b947e7e323a67b46b6bfc924c4ac84d790594d115e10fb4b2d23ed76967f",
            "875b854fb5481c4466af3215dfa5b9f6ab5b76edd54c4be843ea035a53295360",
        ),
        4: (
            "06a6b656b152b720cc1615fcac191cc6f2eba2d78495b2bf177e4b3ee204aa0c",
            "1ee5843e41527119549e8ff6b3c8e4e725e0e9af495a7d121dad952e563fe66f",
        ),
        5: ("9c026a0cdcb942be0a3d675c97a780623782b70d5891e8a4d731bba4fcb843a2",),
        6: (
            "eb45f93c24d11da2db4448bec0bcb2db31cf4981e5f75478e2906963f79a2e54",
            "f7272e6af95901f9280d56ac7443205f38e069cdb55dd3519025f2068f6e57bf",
        ),
    },
    "parca_k8s": {
        1: ("fd527c90178bffea98f5769f6a635ab660cabd3a1c7f653665edc02780ae4ffe",),
        2: ("281b5299557a2829476466dec3ca0c081d989f2e31d15578405714cfdcc01fc0",),
        3: (
            "3ba328f0b7e55e55cee22bc838a3fdfd41c8a6dda116b0111ab3bd840f141853",
            "3c380bf09e7419f3b73c10558cb2b5ab65c0975973e284d7ea6ca2f38c446278",
        ),
        4: ("0f84c8427fb87031eea41b352b75b64f26db94c2ad9657b9ebb50f19b7895789",),
        5: ("f7988bf5326a9d7ab24ab000bbdcabd0a4c12d67ae36842b84fd9eb83129d8c9",),
        6: ("a8183c051a798c1d048e97c3145278483cc8e9ad00da7cb32780493cf7f05211",),
    },
}
