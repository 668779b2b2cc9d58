"""skopeo: copies, lists, inspects and deletes without an engine."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from awsapi import digests, push, tags
from specimens import DOCKER_CONFIG, DOCKER_LAYER, DOCKER_MANIFEST, NONDISTRIBUTABLE, OCI_LAYER, OCI_MANIFEST, Specimen
from specimens import artifact, descriptor, digest, index, sound_image, write_layout

pytestmark = pytest.mark.skopeo
PLAIN = "--tls-verify=false"


@pytest.fixture
def registry(shell):
    return f"docker://{shell['ECRLAB_REGISTRY']}"


@pytest.fixture
def logged_in(skopeo, registry_password, shell):
    done = skopeo("login", PLAIN, "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"], input=registry_password())
    assert "Login Succeeded!" in done.stdout
    return skopeo


def copy(skopeo, source, target, *more, check=True):
    return skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", *more, source, target, check=check)


def refusal(done):
    assert done.returncode != 0
    return done.stderr


def test_an_image_goes_up_unchanged_and_is_listed_and_inspected(logged_in, registry, ecr, name, tmp_path):
    specimen = sound_image(name)
    copy(logged_in, f"oci:{write_layout(tmp_path / 'layout', specimen)}", f"{registry}/{name}:1.0")
    assert tags(ecr, name) == {"1.0": specimen.digest}
    assert json.loads(logged_in("list-tags", PLAIN, f"{registry}/{name}").stdout)["Tags"] == ["1.0"]
    inspected = json.loads(logged_in("inspect", PLAIN, f"{registry}/{name}:1.0").stdout)
    assert (inspected["Digest"], inspected["Architecture"]) == (specimen.digest, "amd64")
    assert logged_in("inspect", PLAIN, "--raw", f"{registry}/{name}@{specimen.digest}").stdout == specimen.text


def test_an_image_comes_down_unchanged(logged_in, registry, ecr, name, tmp_path):
    specimen = push(ecr, name, sound_image(name), "1.0")
    copy(logged_in, f"{registry}/{name}:1.0", f"oci:{tmp_path / 'down'}:1.0")
    held = {file.name: file.read_bytes() for file in (tmp_path / "down" / "blobs" / "sha256").iterdir()}
    assert set(held.values()) == {specimen.manifest, *specimen.blobs}


def test_an_index_goes_up_with_all_its_platforms(logged_in, registry, ecr, http, name, tmp_path):
    specimen = index(sound_image("one"), sound_image("two", "arm64"))
    copy(logged_in, f"oci:{write_layout(tmp_path / 'layout', specimen)}", f"{registry}/{name}:multi", "--all")
    assert http.pull("multi") == specimen.manifest
    (tagged,) = ecr.list_images(repositoryName=name, filter={"tagStatus": "TAGGED"})["imageIds"]
    untagged = ecr.list_images(repositoryName=name, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert tagged == {"imageDigest": specimen.digest, "imageTag": "multi"}
    assert {each["imageDigest"] for each in untagged} == {child.digest for child in specimen.children}


HOME, ABROAD, PARTNER = (
    {"account": "111122223333", "region": "us-east-1"},
    {"account": "111122223333", "region": "eu-west-1"},
    {"account": "444455556666", "region": "us-east-1"},
)


WAYS = {"abroad": (HOME, ABROAD), "home": (ABROAD, HOME), "to a partner": (HOME, PARTNER), "back": (PARTNER, HOME)}


@pytest.mark.parametrize(("here", "there"), WAYS.values(), ids=WAYS)
def test_an_index_is_copied_between_regions_and_accounts(skopeo, aws, at, registry_host, registry_password, free_repository, here, there):
    for registry in (here, there):
        aws("ecr", **registry).create_repository(repositoryName=free_repository)
        # unlike Docker, skopeo keeps a log-in for each path, so one host's registries don't replace each other's
        skopeo("login", PLAIN, "--username", "AWS", "--password-stdin", registry_host(**registry), input=registry_password(**registry))
    specimen = at(free_repository, **here).push(index(sound_image("one"), sound_image("two", "arm64")), "1")
    source, target = (f"docker://{registry_host(**registry)}/{free_repository}:1" for registry in (here, there))
    copy(skopeo, source, target, "--all")
    assert tags(aws("ecr", **there), free_repository) == {"1": specimen.digest}
    assert digests(aws("ecr", **there), free_repository) == {specimen.digest, *(child.digest for child in specimen.children)}


def test_another_regions_password_is_refused(skopeo, registry, http, registry_password, name):
    http.push(sound_image(name), "1")
    refused = skopeo("inspect", PLAIN, f"--creds=AWS:{registry_password(region='eu-west-1')}", f"{registry}/{name}:1", check=False)
    assert "it was issued for eu-west-1, this registry is in us-east-1" in refusal(refused)


def test_a_deleted_image_is_gone(logged_in, registry, ecr, http, name):
    http.push(sound_image(name), "1")
    logged_in("delete", PLAIN, f"{registry}/{name}:1")
    assert tags(ecr, name) == {}
    assert ecr.describe_images(repositoryName=name)["imageDetails"] == []


def test_by_a_tag_skopeo_deletes_the_image_with_all_its_tags(logged_in, registry, ecr, http, name):
    """It asks which digest the tag names and deletes by that."""
    specimen = http.push(sound_image(name), "1")
    http.put_manifest("2", specimen)
    logged_in("delete", PLAIN, f"{registry}/{name}:1")
    assert digests(ecr, name) == set()


def test_an_image_is_deleted_by_its_digest_and_another_stays(logged_in, registry, ecr, http, name):
    gone, kept = http.push(sound_image("gone"), "1"), http.push(sound_image("kept"), "2")
    logged_in("delete", PLAIN, f"{registry}/{name}@{gone.digest}")
    assert tags(ecr, name) == {"2": kept.digest}


def test_an_image_that_an_index_lists_is_not_deleted(logged_in, registry, ecr, http, name):
    specimen = http.push(index(sound_image("one"), sound_image("two", "arm64")), "1")
    child = specimen.children[0].digest
    refused = refusal(logged_in("delete", PLAIN, f"{registry}/{name}@{child}", check=False))
    assert f"Requested image referenced by manifest list: [{specimen.digest}]" in refused
    assert child in digests(ecr, name)


def test_all_of_a_thousand_tags_and_more_are_listed(logged_in, registry, http, name):
    specimen = http.push(sound_image(name))
    wanted = [f"v{number:04}" for number in range(1005)]  # eleven pages
    for tag in wanted:
        assert http.put_manifest(tag, specimen).status_code == 201
    assert json.loads(logged_in("list-tags", PLAIN, f"{registry}/{name}").stdout)["Tags"] == wanted


def test_the_config_is_inspected(logged_in, registry, http, name):
    specimen = http.push(sound_image(name), "1")
    assert logged_in("inspect", PLAIN, "--config", "--raw", f"{registry}/{name}:1").stdout.encode() == specimen.blobs[0]
    config = json.loads(logged_in("inspect", PLAIN, "--config", f"{registry}/{name}:1").stdout)
    assert (config["architecture"], config["config"]["Cmd"]) == ("amd64", ["/seed"])


# --- formats ----------------------------------------------------------------------------------------------------------------------------


def held(http, tag):
    """The manifest of a tag and the media type that the registry gives it."""
    answer = http("GET", f"manifests/{tag}")
    return answer.json(), answer.headers["Content-Type"]


def test_an_image_becomes_dockers_and_ocis_again(logged_in, registry, ecr, http, name, tmp_path):
    specimen = http.push(sound_image(name), "oci")
    copy(logged_in, f"{registry}/{name}:oci", f"{registry}/{name}:docker", "--format=v2s2")
    manifest, media_type = held(http, "docker")
    assert (media_type, manifest["mediaType"], manifest["layers"][0]["mediaType"]) == (DOCKER_MANIFEST, DOCKER_MANIFEST, DOCKER_LAYER)
    copy(logged_in, f"{registry}/{name}:docker", f"{registry}/{name}:again", "--format=oci")
    manifest, media_type = held(http, "again")
    assert (media_type, manifest["layers"][0]["mediaType"]) == (OCI_MANIFEST, OCI_LAYER)
    assert {layer["digest"] for layer in manifest["layers"]} == {digest(each) for each in specimen.layers}


def test_an_image_of_dockers_first_schema_keeps_its_layers(logged_in, registry, ecr, http, name, tmp_path):
    """AWS: container image manifest format support names schema 1 too."""
    layers = {digest(each) for each in http.push(schema_2(sound_image(name)), "2").layers}
    copy(logged_in, f"{registry}/{name}:2", f"{registry}/{name}:1", "--format=v2s1")
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "2"}])
    manifest, media_type = held(http, "1")
    assert media_type == "application/vnd.docker.distribution.manifest.v1+prettyjws"
    named = {each["blobSum"] for each in manifest["fsLayers"]}
    assert named >= layers
    for layer in named:
        assert ecr.get_download_url_for_layer(repositoryName=name, layerDigest=layer)["layerDigest"] == layer  # so it is no unassociated layer
    (detail,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert detail["imageSizeInBytes"] == sum(int(http("HEAD", f"blobs/{layer}").headers["Content-Length"]) for layer in named)
    copy(logged_in, f"{registry}/{name}:1", f"dir:{tmp_path / 'down'}")


def schema_2(specimen):
    """The same image as Docker's second schema, with the history that the first one needs."""
    config = json.dumps(json.loads(specimen.blobs[0]) | {"history": [{"created": "2026-01-05T09:00:00Z", "created_by": "COPY seed /"}]}).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": descriptor(DOCKER_CONFIG, config),
        "layers": [descriptor(DOCKER_LAYER, each) for each in specimen.layers],
    }
    return Specimen(json.dumps(document).encode(), DOCKER_MANIFEST, (config, *specimen.layers))


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_layers_compressed_anew_are_held_as_they_came(logged_in, registry, http, name, tmp_path, compression):
    source = f"oci:{write_layout(tmp_path / 'layout', uncompressed(sound_image(name)))}"
    copy(logged_in, source, f"{registry}/{name}:1", "--format=oci", f"--dest-compress-format={compression}")
    (layer,) = held(http, "1")[0]["layers"]
    assert layer["mediaType"] == f"application/vnd.oci.image.layer.v1.tar+{compression}"
    copy(logged_in, f"{registry}/{name}:1", f"oci:{tmp_path / 'down'}:1")
    assert digest((tmp_path / "down" / "blobs" / "sha256" / layer["digest"].removeprefix("sha256:")).read_bytes()) == layer["digest"]


def uncompressed(specimen):
    """The same image with its layer as a plain tar."""
    config, layer = specimen.blobs[0], gzip.decompress(specimen.layers[0])
    document = json.loads(specimen.manifest)
    document["layers"] = [descriptor(OCI_LAYER.removesuffix("+gzip"), layer)]
    return Specimen(json.dumps(document).encode(), OCI_MANIFEST, (config, layer))


def test_layers_that_are_not_compressed_stay_so(logged_in, registry, http, name, tmp_path):
    specimen = uncompressed(sound_image(name))
    copy(logged_in, f"oci:{write_layout(tmp_path / 'layout', specimen)}", f"{registry}/{name}:1", "--preserve-digests")
    assert http.pull("1") == specimen.manifest
    assert http.holds(specimen.layers[0])


def test_a_layer_that_lives_elsewhere_does_not_travel(logged_in, registry, http, name, tmp_path):
    specimen, foreign = sound_image(name), b"a layer that may not be distributed"
    document = json.loads(specimen.manifest)
    document["layers"].append(descriptor(NONDISTRIBUTABLE, foreign) | {"urls": ["https://layers.example/base"]})
    specimen = Specimen(json.dumps(document).encode(), OCI_MANIFEST, specimen.blobs)
    copy(logged_in, f"oci:{write_layout(tmp_path / 'layout', specimen)}", f"{registry}/{name}:1")
    assert http.pull("1") == specimen.manifest
    assert http("HEAD", f"blobs/{digest(foreign)}").status_code == 404


def test_a_manifest_is_read_by_its_sha512_digest(logged_in, registry, http, name):
    """Read, but not copied: skopeo 1.9 writes sha256 digests alone."""
    specimen = http.push(sound_image(name))
    long = digest(specimen.manifest, "sha512")
    assert http.put_manifest(long, specimen).status_code == 201
    assert logged_in("inspect", PLAIN, "--raw", f"{registry}/{name}@{long}").stdout == specimen.text


def test_an_artifact_with_a_subject_is_a_referrer_of_it(logged_in, registry, ecr, http, name, tmp_path):
    subject = http.push(sound_image(name), "1")
    signature = artifact("signed", "application/vnd.example.signature", subject, annotations={"by": "us"})
    copy(logged_in, f"oci:{write_layout(tmp_path / 'layout', signature)}", f"{registry}/{name}:signature")
    assert http.pull("signature") == signature.manifest
    over_http = http("GET", f"referrers/{subject.digest}").json()["manifests"]
    (through_the_api,) = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": subject.digest})["referrers"]
    assert over_http == [{key: value for key, value in through_the_api.items() if key != "artifactStatus"}]
    assert (through_the_api["digest"], through_the_api["annotations"]) == (signature.digest, {"by": "us"})
    copy(logged_in, f"{registry}/{name}:signature", f"dir:{tmp_path / 'down'}")
    assert (tmp_path / "down" / "manifest.json").read_bytes() == signature.manifest


# --- sync -------------------------------------------------------------------------------------------------------------------------------


def sync(skopeo, source, target, *more):
    """From a registry or a folder to another; a folder is a whole path."""
    flags = (f"--{side}={'dir' if place.startswith('/') else 'docker'}" for side, place in (("src", source), ("dest", target)))
    return skopeo("sync", "--src-tls-verify=false", "--dest-tls-verify=false", *flags, *more, source, target)


def test_a_repository_is_kept_in_step_with_a_folder_and_with_another(logged_in, shell, aws, at, registry_password, name, free_repository, tmp_path):
    ecr, host = aws("ecr"), shell["ECRLAB_REGISTRY"]
    one, two = at(name).push(sound_image("one"), "1"), at(name).push(index(sound_image("two"), sound_image("three", "arm64")), "2")
    wanted = {"1": one.digest, "2": two.digest}

    sync(logged_in, f"{host}/{name}", f"{tmp_path}/folder", "--all")
    assert {each.name for each in (tmp_path / "folder").iterdir()} == {f"{name}:1", f"{name}:2"}
    assert (tmp_path / "folder" / f"{name}:1" / "manifest.json").read_bytes() == one.manifest

    ecr.create_repository(repositoryName=f"restored/{name}")
    sync(logged_in, f"{tmp_path}/folder", f"{host}/restored", "--all")
    assert tags(ecr, f"restored/{name}") == wanted

    ecr.create_repository(repositoryName=f"mirror/{name}")
    sync(logged_in, f"{host}/{name}", f"{host}/mirror", "--all")
    assert tags(ecr, f"mirror/{name}") == wanted
    assert digests(ecr, f"mirror/{name}") == digests(ecr, name)


# --- log-ins ----------------------------------------------------------------------------------------------------------------------------


def test_a_log_in_is_a_line_in_a_file_until_the_log_out(skopeo, registry, shell, registry_password, http, name, tmp_path):
    file, password = tmp_path / "elsewhere" / "auth.json", registry_password()
    http.push(sound_image(name), "1")
    skopeo("login", PLAIN, f"--authfile={file}", "--username", "AWS", "--password-stdin", shell["ECRLAB_REGISTRY"], input=password)
    assert json.loads(file.read_text()) == {"auths": {shell["ECRLAB_REGISTRY"]: {"auth": base64.b64encode(f"AWS:{password}".encode()).decode()}}}
    look = ("inspect", PLAIN, "--raw", f"{registry}/{name}:1")
    assert "authentication required" in refusal(skopeo(*look, check=False))
    skopeo(*look, f"--authfile={file}")
    skopeo("logout", f"--authfile={file}", shell["ECRLAB_REGISTRY"])
    assert json.loads(file.read_text()) == {"auths": {}}
    assert "authentication required" in refusal(skopeo(*look, f"--authfile={file}", check=False))


def test_anybody_reads_a_base_image(skopeo, shell):
    uri = f"docker://{shell['ECRLAB_PUBLIC_REGISTRY']}/ecrlab/alpine:3.20"
    inspected = json.loads(skopeo("inspect", PLAIN, "--no-tags", "--override-arch=arm64", uri).stdout)  # public.ecr.aws lists no tags
    assert inspected["Architecture"] == "arm64"


def test_the_owner_of_a_public_repository_pushes_and_anybody_copies(skopeo, shell, public, free_repository, tmp_path):
    name = public.create_repository(repositoryName=free_repository)["repository"]["repositoryUri"]
    specimen, token = sound_image(free_repository), public.get_authorization_token()["authorizationData"]["authorizationToken"]
    password, layout = base64.b64decode(token).decode().removeprefix("AWS:"), write_layout(tmp_path / "layout", specimen)
    refusal(copy(skopeo, f"oci:{layout}", f"docker://{name}:1", check=False))
    skopeo("login", PLAIN, "--username", "AWS", "--password-stdin", shell["ECRLAB_PUBLIC_REGISTRY"], input=password)
    copy(skopeo, f"oci:{layout}", f"docker://{name}:1")
    skopeo("logout", shell["ECRLAB_PUBLIC_REGISTRY"])
    copy(skopeo, f"docker://{name}:1", f"dir:{tmp_path / 'down'}")
    assert (tmp_path / "down" / "manifest.json").read_bytes() == specimen.manifest
