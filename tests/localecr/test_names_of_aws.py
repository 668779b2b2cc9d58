"""Images by the very names that they have on AWS, for whoever makes those names lead to the lab."""

from __future__ import annotations

import json

import pytest

from awsapi import tags
from names import Proxy
from specimens import sound_image, write_layout

pytestmark = pytest.mark.skopeo
PLAIN = "--tls-verify=false"
MINE, PARTNERS = "111122223333.dkr.ecr.us-east-1.amazonaws.com", "444455556666.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture
def named(skopeo, lab_endpoint):
    """skopeo, for which AWS's names lead to the lab."""
    ports = {"": lab_endpoint.url, "public.ecr.aws": lab_endpoint.public_url}
    with Proxy({name: int(url.rpartition(":")[2]) for name, url in ports.items()}) as proxy:
        skopeo.environment |= proxy.environment
        yield skopeo


def log_in(skopeo, host, password):
    skopeo("login", PLAIN, "--username", "AWS", "--password-stdin", host, input=password)


def test_an_image_is_pushed_listed_and_pulled_by_its_name_on_aws(named, registry_password, ecr, name, tmp_path):
    specimen = sound_image(name)
    log_in(named, MINE, registry_password())
    named("copy", "--dest-tls-verify=false", f"oci:{write_layout(tmp_path / 'layout', specimen)}", f"docker://{MINE}/{name}:1")
    assert tags(ecr, name) == {"1": specimen.digest}
    assert json.loads(named("list-tags", PLAIN, f"docker://{MINE}/{name}").stdout) == {"Repository": f"{MINE}/{name}", "Tags": ["1"]}
    named("copy", "--src-tls-verify=false", f"docker://{MINE}/{name}:1", f"dir:{tmp_path / 'down'}")
    assert (tmp_path / "down" / "manifest.json").read_bytes() == specimen.manifest


def test_each_registry_has_a_host_and_a_log_in_of_its_own(named, registry_password, aws, http, name):
    theirs = aws("ecr", account="444455556666")
    theirs.create_repository(repositoryName=name)
    specimen = http.push(sound_image(name), "1")
    log_in(named, MINE, registry_password())
    log_in(named, PARTNERS, registry_password(account="444455556666"))
    named("copy", "--src-tls-verify=false", "--dest-tls-verify=false", f"docker://{MINE}/{name}:1", f"docker://{PARTNERS}/{name}:1")
    assert tags(theirs, name) == {"1": specimen.digest}


def test_anybody_reads_the_public_registry_by_its_name(named):
    inspected = named("inspect", PLAIN, "--no-tags", "docker://public.ecr.aws/ecrlab/static:1")
    assert json.loads(inspected.stdout)["Name"] == "public.ecr.aws/ecrlab/static"
