"""What an image's inventory holds."""

from __future__ import annotations

import json

import pytest
from localecr.scanner.model import Inventory, Unscannable
from making import Link, apk, dist_info, installed, jar, layer, manifest, metadata, node_module, os_release, pom, stanza, status

DEBIAN = {"etc/os-release": os_release("debian", "12")}
ALPINE = {"etc/os-release": os_release("alpine", "3.20.3")}
STATUS = "var/lib/dpkg/status"


def names(found):
    return {each.name: each.version for each in found.packages}


# --- Debian ------------------------------------------------------------------------------------------------------------------------------


def test_a_debian_package_has_its_source_and_the_sources_version(take):
    (one,) = take(DEBIAN | {STATUS: status(stanza("libc6", "2.36-9+deb12u4+b1", source="glibc (2.36-9+deb12u4)"))}).packages
    assert (one.name, one.version, one.source, one.source_version) == ("libc6", "2.36-9+deb12u4+b1", "glibc", "2.36-9+deb12u4")
    assert (one.manager, one.ecosystem, one.path, one.arch) == ("OS", "Debian:12", STATUS, "amd64")


def test_a_source_without_a_version_has_the_packages(take):
    (one,) = take(DEBIAN | {STATUS: status(stanza("libssl3", "3.0.11-1~deb12u2", source="openssl"))}).packages
    assert (one.source, one.source_version) == ("openssl", "3.0.11-1~deb12u2")


def test_a_package_without_a_source_is_its_own(take):
    (one,) = take(DEBIAN | {STATUS: status(("bash", "5.2.15-2+b2"))}).packages
    assert (one.source, one.source_version) == ("bash", "5.2.15-2+b2")


@pytest.mark.parametrize(
    ("state", "is_there"),
    [
        ("install ok installed", True),
        ("hold ok installed", True),
        ("deinstall ok installed", True),  # marked to be removed, and there until it is
        ("install ok unpacked", True),
        ("install ok half-configured", True),
        ("install ok triggers-pending", True),
        ("deinstall ok config-files", False),
        ("purge ok not-installed", False),
        ("install ok not-installed", False),
    ],
)
def test_a_package_is_there_in_the_states_in_which_its_files_are(take, state, is_there):
    found = take(DEBIAN | {STATUS: status(stanza("curl", "7.88.1-10", status=state))})
    assert names(found) == ({"curl": "7.88.1-10"} if is_there else {})


def test_distroless_lists_its_packages_in_status_d(take):
    files = {f"var/lib/dpkg/status.d/{name}": stanza(name, version, status=None) for name, version in (("base-files", "12.4+deb12u5"), ("libc6", "2.36-9"))}
    sums = {"var/lib/dpkg/status.d/libc6.md5sums": "d41d8cd98f00b204e9800998ecf8427e  lib/libc.so\n"}
    found = take(DEBIAN | files | sums)
    assert found.is_distroless
    assert names(found) == {"base-files": "12.4+deb12u5", "libc6": "2.36-9"}
    assert {each.path for each in found.packages} == set(files)


def test_an_image_with_dpkg_is_not_distroless(take):
    assert not take(DEBIAN | {STATUS: status(("bash", "5.2"))}).is_distroless


# --- Alpine ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["lib/apk/db/installed", "usr/lib/apk/db/installed"])
def test_an_alpine_package_has_its_origin(take, path):
    (one,) = take(ALPINE | {path: installed(apk("libcrypto3", "3.3.0-r2", origin="openssl"))}).packages
    assert (one.name, one.version, one.source, one.source_version) == ("libcrypto3", "3.3.0-r2", "openssl", "3.3.0-r2")
    assert (one.manager, one.ecosystem, one.path, one.arch) == ("OS", "Alpine:v3.20", path, "x86_64")


# --- the operating system ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "version", "ecosystem"),
    [
        ("debian", "12", "Debian:12"),
        ("debian", "", None),  # testing and unstable have no number
        ("alpine", "3.20.3", "Alpine:v3.20"),
        ("alpine", "3.21.0_alpha20240807", None),  # edge
        ("ubuntu", "22.04", "Ubuntu:22.04:LTS"),
        ("ubuntu", "23.10", "Ubuntu:23.10"),
        ("ubuntu", "9" * 5000 + ".04", None),
        ("kali", "2024.1", None),
    ],
)
def test_an_operating_system_is_named_as_osv_names_it(take, id, version, ecosystem):
    system = take({"etc/os-release": os_release(id, version)}).os
    assert (system.id, system.version_id, system.ecosystem) == (id, version, ecosystem)


@pytest.mark.parametrize(
    "text",
    [
        "# Debian\n\nID='debian'\r\nVERSION_ID=\"12\"\r\n",
        "\ufeffID=debian\nVERSION_ID=12\n",
        "NAME=It's Linux\nID=debian\nVERSION_ID=12",
    ],
)
def test_an_operating_system_is_known_however_its_file_is_written(take, text):
    system = take({"etc/os-release": text}).os
    assert (system.id, system.version_id, system.ecosystem) == ("debian", "12", "Debian:12")


def test_os_release_is_found_behind_a_link(take):
    found = take({"etc/os-release": Link("../usr/lib/os-release"), "usr/lib/os-release": os_release("debian", "11")})
    assert found.os.name == "Debian GNU/Linux 11"


def test_an_image_without_an_operating_system_still_has_its_libraries(take):
    found = take(dist_info("requests", "2.25.0"))
    assert found.os is None
    assert names(found) == {"requests": "2.25.0"}


def test_packages_of_an_unknown_operating_system_have_no_ecosystem(take):
    (one,) = take({"etc/os-release": os_release("kali", "2024.1"), STATUS: status(("bash", "5.2"))}).packages
    assert one.ecosystem is None


# --- libraries ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "usr/lib/python3/dist-packages/PyYAML-5.3.dist-info/METADATA",
        "usr/lib/python3/dist-packages/PyYAML-5.3.egg-info/PKG-INFO",
        "usr/local/aws-cli/v2/2.1.39/dist/PyYAML-5.3-py3.8.egg-info/METADATA",
        "usr/lib/python3/dist-packages/PyYAML-5.3.egg-info",
        "usr/lib/python3/dist-packages/PyYAML-5.3-py3.9.egg/EGG-INFO/PKG-INFO",
    ],
)
def test_a_python_package_keeps_its_name_as_it_is_written(take, path):
    (one,) = take({path: metadata("PyYAML", "5.3")}).packages
    assert (one.name, one.version, one.manager, one.ecosystem, one.path) == ("PyYAML", "5.3", "PYTHONPKG", "PyPI", path)


def test_fields_are_known_in_capitals_and_in_small_letters(take):
    found = take(DEBIAN | {STATUS: "PACKAGE: curl\nstatus: install ok installed\nversion: 1\n", "srv/flask.egg-info/PKG-INFO": "name: flask\nVERSION: 2.2.2\n"})
    assert names(found) == {"curl": "1", "flask": "2.2.2"}


@pytest.mark.parametrize(
    "content",
    [
        "Metadata-Version: 2.1\nName:\n flask\nVersion:\n\t2.2.2\n .post1\n",
        "Name : flask\r\nVersion\t:2.2.2\r\n",
        "License: Apache\n  Name: apache\n  Version: 2.0\nName: flask\nSummary:\n Version: 3\nVersion: 2.2.2\n",
        "Summary:\n Name: one\nName: flask\nVersion: 2.2.2\nName: two\nVersion: 3\n of many\n",
    ],
)
def test_a_field_goes_on_in_lines_that_begin_with_a_space(take, content):
    assert names(take({"srv/flask-2.2.2.dist-info/METADATA": content})) == {"flask": "2.2.2"}


def test_node_packages_with_and_without_a_scope(take):
    found = take(node_module("qs", "6.5.1") | node_module("@babel/core", "7.0.0"))
    assert names(found) == {"@babel/core": "7.0.0", "qs": "6.5.1"}
    assert {(each.manager, each.ecosystem) for each in found.packages} == {("NODEPKG", "npm")}


def test_a_node_package_in_another_is_a_package_of_its_own(take):
    found = take(node_module("qs", "6.5.1") | node_module("qs", "6.4.0", "srv/app/node_modules/express/node_modules"))
    assert [(each.version, each.path.count("node_modules")) for each in found.packages] == [("6.4.0", 2), ("6.5.1", 1)]


@pytest.mark.parametrize("content", [{"type": "module"}, {"name": "esm"}, {"name": "", "version": "1.0"}, {"name": "a", "version": 1}])
def test_a_package_json_without_a_name_or_a_version_is_no_package(take, content):
    found = take({"srv/node_modules/a/esm/package.json": json.dumps(content)})
    assert found.packages == found.problems == ()


def test_a_package_json_in_another_encoding_is_read_as_node_reads_it(take):
    content = '{"name": "lodash", "version": "4.17.4", "author": "Jörg"}'.encode("latin-1")
    assert names(take({"srv/node_modules/lodash/package.json": content})) == {"lodash": "4.17.4"}


def test_a_package_json_outside_of_node_modules_is_the_applications_own(take):
    assert take({"srv/app/package.json": json.dumps({"name": "shop", "version": "1.0.0"})}).packages == ()


def test_a_jar_is_named_by_its_group_and_artifact(take):
    (one,) = take({"srv/log4j-core-2.14.1.jar": jar(pom("org.apache.logging.log4j", "log4j-core", "2.14.1"))}).packages
    assert (one.name, one.version, one.manager, one.ecosystem) == ("org.apache.logging.log4j:log4j-core", "2.14.1", "JAR", "Maven")
    assert one.path == "srv/log4j-core-2.14.1.jar"


@pytest.mark.parametrize("streamed", [False, True])
def test_jars_in_an_archive_in_an_archive_are_found(take, streamed):
    inner = jar(pom("org.apache.logging.log4j", "log4j-core", "2.14.1"), streamed)
    war = jar({"WEB-INF/lib/log4j-core-2.14.1.jar": inner, "WEB-INF/web.xml": "<web-app/>" * 1000}, streamed)
    (one,) = take({"srv/shop.ear": jar({"shop.war": war}, streamed)}).packages
    assert one.name == "org.apache.logging.log4j:log4j-core"
    assert one.path == "srv/shop.ear:shop.war:WEB-INF/lib/log4j-core-2.14.1.jar"


def test_a_jar_that_others_were_shaded_into_has_them_all(take):
    shaded = pom("com.example", "shop", "1.0") | pom("org.yaml", "snakeyaml", "1.26")
    assert names(take({"srv/shop-1.0.jar": jar(shaded)})) == {"com.example:shop": "1.0", "org.yaml:snakeyaml": "1.26"}


@pytest.mark.parametrize("folder", ["BOOT-INF/classes/", "WEB-INF/classes/", "inst/"])
def test_what_was_shaded_into_a_folder_of_a_jar_is_in_it(take, folder):
    shaded = {folder + name: text for name, text in pom("org.yaml", "snakeyaml", "1.26").items()}
    assert names(take({"srv/agent-2.0.jar": jar(pom("com.example", "agent", "2.0") | shaded)})) == {"com.example:agent": "2.0", "org.yaml:snakeyaml": "1.26"}


@pytest.mark.parametrize("kind", ["jar", "war", "ear", "par", "sar", "kar", "lpkg", "nar", "hpi", "jpi"])
def test_an_archive_with_jars_in_it_has_many_names(take, kind):
    inner = jar(pom("org.yaml", "snakeyaml", "1.26"))
    (one,) = take({f"srv/shop.{kind}": jar({f"a.{kind}": jar({"lib/snakeyaml-1.26.jar": inner})})}).packages
    assert (one.name, one.path) == ("org.yaml:snakeyaml", f"srv/shop.{kind}:a.{kind}:lib/snakeyaml-1.26.jar")


def test_a_jar_that_can_be_started_has_a_script_before_it(take):
    content = b"#!/bin/sh\nexec java -jar $0\n" * 100 + jar(pom("org.yaml", "snakeyaml", "1.26"))
    assert names(take({"srv/app.jar": content})) == {"org.yaml:snakeyaml": "1.26"}


def test_a_jar_without_a_pom_is_named_by_its_manifest(take):
    content = jar(manifest(Implementation_Vendor_Id="org.apache.commons", Implementation_Version="1.9"))
    assert names(take({"srv/commons-text-1.9.jar": content})) == {"org.apache.commons:commons-text": "1.9"}


def test_a_jar_with_a_pom_and_without_its_properties_is_named_by_its_file_and_the_poms_folder(take):
    content = jar({"META-INF/maven/org.apache.logging.log4j/log4j-core/pom.xml": "<project/>"})
    assert names(take({"srv/log4j-core-2.14.1.jar": content})) == {"org.apache.logging.log4j:log4j-core": "2.14.1"}


def test_springs_own_jars_have_no_pom_and_no_group_and_are_known(take):
    content = jar(manifest(Implementation_Title="spring-beans", Implementation_Version="5.3.17"))
    assert names(take({"srv/spring-beans-5.3.17.jar": content})) == {"org.springframework:spring-beans": "5.3.17"}


@pytest.mark.parametrize(
    ("name", "group"),
    [("derby-10.14.2.0", "org.apache.derby"), ("grpc-netty-1.26.0", "io.grpc"), ("jackson-mapper-asl-1.9.13", "org.codehaus.jackson"),
     ("xercesImpl-2.11.0", "xerces"), ("zookeeper-3.4.10", "org.apache.zookeeper")],
)  # fmt: skip
def test_the_group_is_known_of_what_is_built_without_maven(take, name, group):
    (one,) = take({f"srv/{name}.jar": jar(manifest(Bundle_Activator="org.example.osgi.Activator"))}).packages
    assert one.name == f"{group}:{name.rpartition('-')[0]}"


def test_tomcats_own_jars_have_no_version_in_their_names_and_are_known(take):
    tomcat = {"Implementation_Title": "Apache Tomcat", "Implementation_Version": "10.1.60"}
    catalina = jar(manifest(Bundle_SymbolicName="org.apache.tomcat-catalina", Bundle_Version="10.1.60", **tomcat))
    embedded = jar(manifest(Bundle_SymbolicName="org.apache.tomcat-embed-core", Bundle_Version="10.1.60", **tomcat))
    found = take({"usr/local/tomcat/lib/catalina.jar": catalina, "srv/lib/tomcat-embed-core-10.1.60.jar": embedded, "srv/lib/core.jar": embedded})
    assert names(found) == {"org.apache.tomcat:tomcat-catalina": "10.1.60", "org.apache.tomcat.embed:tomcat-embed-core": "10.1.60"}


def test_a_jar_that_nothing_tells_the_group_of_gets_none(take):
    assert names(take({"srv/thing-1.0.jar": jar({"a.class": b"\xca\xfe"})})) == {"thing": "1.0"}


# --- layers ------------------------------------------------------------------------------------------------------------------------------


def layers_of(found: Inventory) -> dict[str, int]:
    order = [each.digest for each in found.layers]
    return {each.name: order.index(each.layer) for each in found.packages}


def test_a_package_is_of_the_lowest_layer_that_has_it_in_this_version(take):
    found = take(
        DEBIAN | {STATUS: status(("bash", "5.2"), ("zlib1g", "1.2.11"))},
        {STATUS: status(("bash", "5.2"), ("curl", "7.88"), ("zlib1g", "1.2.11"))},
        {STATUS: status(("bash", "5.2"), ("curl", "7.88"), ("zlib1g", "1.2.13"))},
    )
    assert layers_of(found) == {"bash": 0, "curl": 1, "zlib1g": 2}


def test_a_package_that_a_later_layer_removed_is_not_there(take):
    assert names(take(DEBIAN | {STATUS: status(("bash", "5.2"), ("curl", "7.88"))}, {STATUS: status(("bash", "5.2"))})) == {"bash": "5.2"}


def test_a_library_that_is_written_again_is_of_the_layer_that_brought_it(take):
    assert layers_of(take(dist_info("requests", "2.25.0"), {"a": "b"}, dist_info("requests", "2.25.0"))) == {"requests": 0}


def test_a_library_at_another_path_is_of_the_layer_that_brought_it_there(take):
    found = take(dist_info("requests", "2.25.0"), dist_info("requests", "2.25.0", "srv/venv/site-packages"))
    assert [found.layers.index(next(each for each in found.layers if each.digest == one.layer)) for one in found.packages] == [1, 0]


def test_layers_are_told_with_size_and_command(take, image):
    made = image(layer(DEBIAN, command="ADD rootfs"), layer({"a": "b"}, command="RUN apt-get"))
    from localecr.scanner import inventory

    assert [(each.digest, each.created_by) for each in inventory.take(made.subject).layers] == list(zip(made.layers, ["ADD rootfs", "RUN apt-get"]))


def test_an_inventory_survives_json(take):
    found = take(DEBIAN | {STATUS: status(("bash", "5.2"))}, dist_info("requests", "2.25.0"), config={"author": "me"})
    assert found.author == "me"
    assert Inventory.of_json(json.loads(json.dumps(found.as_json()))) == found


# --- owners ------------------------------------------------------------------------------------------------------------------------------

SIX = "usr/lib/python3/dist-packages/six-1.16.0.egg-info"


@pytest.mark.parametrize(
    ("system", "owner"),
    [
        ({STATUS: status(("python3-six", "1.16.0-4")), "var/lib/dpkg/info/python3-six.list": f"/.\n/usr\n/{SIX}\n"}, "python3-six"),
        ({STATUS: status(("python3-six", "1.16.0-4")), "var/lib/dpkg/info/python3-six:amd64.list": f"/{SIX}\n"}, "python3-six"),
        (
            {"var/lib/dpkg/status.d/python3-six": stanza("python3-six", "1.16.0-4", status=None), "var/lib/dpkg/status.d/python3-six.md5sums": f"0  {SIX}\n"},
            "python3-six",
        ),
        ({"lib/apk/db/installed": installed(apk("py3-six", "1.16.0-r9", files=[SIX]))}, "py3-six"),
    ],
)
def test_a_library_that_a_package_of_the_system_brought_has_an_owner(take, system, owner):
    found = take(DEBIAN | system | {SIX: metadata("six", "1.16.0")})
    assert {each.name: each.owner for each in found.packages} == {owner: None, "six": owner}


def test_a_library_beside_those_of_the_system_has_no_owner(take):
    system = {STATUS: status(("python3-six", "1.16.0-4")), "var/lib/dpkg/info/python3-six.list": f"/{SIX}\n"}
    found = take(DEBIAN | system | {SIX: metadata("six", "1.16.0")}, dist_info("six", "1.10.0"))
    assert [(each.version, each.owner) for each in found.packages if each.name == "six"] == [("1.10.0", None), ("1.16.0", "python3-six")]


def test_an_owned_library_that_a_later_layer_wrote_over_has_no_owner_any_more(take):
    path = "usr/lib/node_modules/npm/package.json"
    npm = [json.dumps({"name": "npm", "version": version}) for version in ("9.6.6", "10.2.4")]
    found = take(ALPINE | {"lib/apk/db/installed": installed(apk("npm", "9.6.6-r0", files=[path])), path: npm[0]}, {path: npm[1]})
    assert [(each.version, each.owner) for each in found.packages if each.manager == "NODEPKG"] == [("10.2.4", None)]


# --- what is no image --------------------------------------------------------------------------------------------------------------------


def test_an_artifact_that_is_no_image_is_not_supported(image):
    from localecr.scanner import inventory

    chart = image(layer({"web/Chart.yaml": ""}, media_type="application/vnd.cncf.helm.chart.content.v1.tar+gzip"))
    with pytest.raises(Unscannable, match="isn't a container image") as refusal:
        inventory.take(chart.subject)
    assert refusal.value.status == "UNSUPPORTED_IMAGE"
