"""docs/fidelity.md claims of each operation what the tests prove. Runs after all the others of this folder."""

from __future__ import annotations

import pytest

import proofs
import tools
from localecr.gateway import OPERATIONS

pytestmark = pytest.mark.skipif("config.getoption('write_fidelity')", reason="the page is being written")
OURS = proofs.Proof("ecr", "PutImage", "error", "LayersNotFoundException")


def test_the_page_claims_nothing_that_this_run_did_not_prove(witness, whole_folder):
    if not whole_folder:
        pytest.skip("only a run of all of tests/localecr proves what docs/fidelity.md claims")
    absent = {tool for tool, found in tools.found.items() if isinstance(found, tools.Missing)}
    assert proofs.unproved(proofs.written(), witness.proved, absent) == [], "run `make fidelity`, and read what changed"


def test_every_operation_that_is_built_has_a_line_and_no_other():
    claimed = {(each.service, each.operation) for each in proofs.claims(proofs.written()) if each.kind in (proofs.API, proofs.PROTOCOL)}
    built = {(service, operation) for service, table in OPERATIONS.items() for operation in table}
    protocols_own = {("ecr-public", each) for each in ("BatchGetImage", "GetDownloadUrlForLayer", "ListImageReferrers")}
    assert built <= claimed <= built | protocols_own


def test_a_claim_without_its_proof_is_found():
    page = proofs.tables({OURS, proofs.Proof("ecr", "PutImage", "client", "podman"), proofs.Proof("ecr", "PutImage", proofs.API)})
    assert proofs.unproved(page, set(), set()) == [
        proofs.Proof("ecr", "PutImage", "API"),
        proofs.Proof("ecr", "PutImage", "client", "podman"),
        proofs.Proof("ecr", "PutImage", "error", "LayersNotFound"),
    ]
    assert proofs.unproved(page, {OURS, proofs.Proof("ecr", "PutImage", proofs.API)}, {"podman"}) == []
