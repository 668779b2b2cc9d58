"""Referrers: what names an image as its subject. OCI distribution spec 1.1, listing referrers; AWS: ListImageReferrers."""

from __future__ import annotations

import pytest

from awsapi import push, refused
from specimens import OCI_INDEX, OCI_MANIFEST, artifact, digest, image, index

SIGNATURE, CONTENTS = "application/vnd.example.signature", "application/vnd.example.sbom+json"


def listed(ecr, name, subject, **more):
    answer = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": subject.digest}, **more)
    return answer["referrers"]


def descriptors(http, subject, **query):
    answer = http("GET", f"referrers/{subject.digest}", params=query)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == OCI_INDEX
    document = answer.json()
    assert (document["schemaVersion"], document["mediaType"]) == (2, OCI_INDEX)
    return document["manifests"]


def test_what_docker_pushes_with_a_subject_the_api_lists(ecr, http, name):
    subject = http.push(image("subject"), "1")
    signature = http.push(artifact("signed", SIGNATURE, subject, annotations={"by": "us"}))
    assert listed(ecr, name, subject) == [
        {
            "digest": signature.digest,
            "mediaType": OCI_MANIFEST,
            "artifactType": SIGNATURE,
            "size": len(signature.manifest),
            "annotations": {"by": "us"},
            "artifactStatus": "ACTIVE",
        }
    ]


def test_what_the_api_puts_with_a_subject_is_listed_over_http(ecr, http, name):
    subject = push(ecr, name, image("subject"), "1")
    signature = push(ecr, name, artifact("signed", SIGNATURE, subject))
    assert descriptors(http, subject) == [{"digest": signature.digest, "mediaType": OCI_MANIFEST, "artifactType": SIGNATURE, "size": len(signature.manifest)}]


def test_a_push_with_a_subject_says_which(http):
    subject = http.push(image("subject"), "1")
    signature = artifact("signed", SIGNATURE, subject)
    for blob in signature.blobs:
        http.push_blob(blob)
    assert http.put_manifest(signature.digest, signature).headers["OCI-Subject"] == subject.digest
    assert "OCI-Subject" not in http.put_manifest("2", subject).headers


def test_an_image_that_nothing_refers_to_has_an_empty_index(ecr, http, name):
    subject = http.push(image("alone"), "1")
    assert descriptors(http, subject) == []
    assert listed(ecr, name, subject) == []


def test_an_image_that_is_not_there_has_an_empty_index_too(http):
    assert descriptors(http, image("never pushed")) == []


def test_a_referrer_may_come_before_its_subject(ecr, http, name):
    subject = image("later")
    signature = http.push(artifact("early", SIGNATURE, subject))
    assert [each["digest"] for each in descriptors(http, subject)] == [signature.digest]
    http.push(subject, "1")
    assert [each["digest"] for each in listed(ecr, name, subject)] == [signature.digest]


def test_referrers_are_filtered_by_type_and_the_answer_says_so(ecr, http, name):
    subject = http.push(image("subject"), "1")
    signature, contents = http.push(artifact("a", SIGNATURE, subject)), http.push(artifact("b", CONTENTS, subject))
    assert {each["digest"] for each in descriptors(http, subject)} == {signature.digest, contents.digest}
    assert [each["digest"] for each in descriptors(http, subject, artifactType=CONTENTS)] == [contents.digest]
    assert descriptors(http, subject, artifactType="application/none") == []
    assert http("GET", f"referrers/{subject.digest}", params={"artifactType": CONTENTS}).headers["OCI-Filters-Applied"] == "artifactType"
    assert "OCI-Filters-Applied" not in http("GET", f"referrers/{subject.digest}").headers
    assert [each["digest"] for each in listed(ecr, name, subject, filter={"artifactTypes": [SIGNATURE]})] == [signature.digest]
    assert len(listed(ecr, name, subject, filter={"artifactTypes": [SIGNATURE, CONTENTS]})) == 2


@pytest.mark.parametrize(("status", "count"), [("ACTIVE", 1), ("ANY", 1), ("ARCHIVED", 0), ("ACTIVATING", 0)])
def test_referrers_are_filtered_by_status(ecr, http, name, status, count):
    subject = http.push(image("subject"), "1")
    http.push(artifact("a", SIGNATURE, subject))
    assert len(listed(ecr, name, subject, filter={"artifactStatus": status})) == count


def test_without_a_type_of_its_own_an_artifact_has_its_configs(http):
    subject = http.push(image("subject"), "1")
    referrer = http.push(image("no artifactType", subject={"mediaType": OCI_MANIFEST, "digest": subject.digest, "size": len(subject.manifest)}))
    (found,) = descriptors(http, subject)
    assert (found["digest"], found["artifactType"]) == (referrer.digest, "application/vnd.oci.image.config.v1+json")


def test_an_index_can_refer_to_an_image_too(http):
    subject, child = http.push(image("subject"), "1"), image("child")
    referrer = http.push(index(child, subject={"mediaType": OCI_MANIFEST, "digest": subject.digest, "size": len(subject.manifest)}))
    (found,) = descriptors(http, subject)
    assert (found["digest"], found["mediaType"]) == (referrer.digest, OCI_INDEX)


def test_a_deleted_referrer_is_not_listed(ecr, http, name):
    subject = http.push(image("subject"), "1")
    signature = http.push(artifact("signed", SIGNATURE, subject))
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": signature.digest}])
    assert descriptors(http, subject) == []


def test_a_referrer_is_described_as_an_image_with_a_subject(ecr, http, name):
    subject = http.push(image("subject"), "1")
    signature = http.push(artifact("signed", SIGNATURE, subject))
    (detail,) = ecr.describe_images(repositoryName=name, imageIds=[{"imageDigest": signature.digest}])["imageDetails"]
    assert detail["subjectManifestDigest"] == subject.digest
    assert detail["artifactMediaType"] == SIGNATURE
    assert "imageTags" not in detail


def test_many_referrers_come_in_pages(ecr, http, name):
    subject = http.push(image("subject"), "1")
    pushed = {http.push(artifact(f"signed {number}", SIGNATURE, subject)).digest for number in range(105)}
    first = http("GET", f"referrers/{subject.digest}", params={"artifactType": SIGNATURE})
    second = http("GET", first.links["next"]["url"].removeprefix(f"/v2/{http.path}/"))
    assert "next" not in second.links
    found = [each["digest"] for answer in (first, second) for each in answer.json()["manifests"]]
    assert (len(found), set(found)) == (105, pushed)
    rows, token = [], {}
    while token is not None:
        answer = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": subject.digest}, maxResults=50, **token)
        rows += answer["referrers"]
        token = {"nextToken": answer["nextToken"]} if "nextToken" in answer else None
    assert {each["digest"] for each in rows} == pushed
    assert len(rows) == 105
    assert len(ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": subject.digest})["referrers"]) == 20


def test_what_is_no_digest_has_no_referrers(ecr, http, name):
    off = "Invalid parameter at 'imageDigest' failed to satisfy constraint: 'must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+''"
    with refused("InvalidParameterException", off):
        ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": "latest"})
    assert http("GET", "referrers/latest").status_code == 400
    assert http("GET", f"referrers/{digest(b'x')[:-1]}").status_code == 400


def test_a_page_of_referrers_is_no_longer_than_a_manifest_may_be(ecr, http, name):
    subject = http.push(image("subject"), "1")
    long = {"padding": "x" * 1_500_000}
    pushed = [http.push(artifact(f"signed {number}", SIGNATURE, subject, annotations=long)).digest for number in range(5)]
    sizes, found, rest = [], [], f"referrers/{subject.digest}"
    while rest:
        answer = http("GET", rest)
        found += [each["digest"] for each in answer.json()["manifests"]]
        sizes.append(len(answer.content))
        rest = answer.links["next"]["url"].removeprefix(f"/v2/{http.path}/") if "next" in answer.links else None
    assert found == pushed
    assert len(sizes) == 3
    assert max(sizes) <= 4_194_304
    first = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": subject.digest})
    assert [each["digest"] for each in first["referrers"]] == pushed[:2]
    rest = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": subject.digest}, nextToken=first["nextToken"])
    assert [each["digest"] for each in rest["referrers"]] == pushed[2:4]


def test_a_referrer_of_four_mebibytes_is_listed_alone(ecr, http, name):
    subject = http.push(image("subject"), "1")
    longest = artifact("signed", SIGNATURE, subject, annotations={"padding": ""})
    longest = artifact("signed", SIGNATURE, subject, annotations={"padding": "x" * (4_194_304 - len(longest.manifest))})
    assert len(longest.manifest) == 4_194_304
    for each in (longest, artifact("signed too", SIGNATURE, subject)):
        http.push(each)
    first = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": subject.digest})
    assert [each["digest"] for each in first["referrers"]] == [longest.digest]
    assert first["nextToken"]


def test_up_to_five_types_can_be_asked_for(ecr, http, name):
    subject = http.push(image("subject"), "1")
    pushed = [http.push(artifact(str(number), f"application/vnd.example.{number}", subject)) for number in range(6)]
    found = listed(ecr, name, subject, filter={"artifactTypes": [f"application/vnd.example.{number}" for number in range(5)]})
    assert [each["digest"] for each in found] == [each.digest for each in pushed[:5]]
    too_many = "Invalid parameter at 'filter.artifactTypes' failed to satisfy constraint: 'Member must have length less than or equal to 5'"
    with refused("InvalidParameterException", too_many):
        listed(ecr, name, subject, filter={"artifactTypes": [f"application/vnd.example.{number}" for number in range(6)]})
