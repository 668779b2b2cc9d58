"""A software bill of materials: what is in an image, as CycloneDX 1.4. AWS: Exporting SBOMs with Amazon Inspector; https://cyclonedx.org.

Package URLs are those of the specification, so that other tools know the packages; AWS's samples call Debian's type ``dpkg``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from localecr.clock import in_words
from localecr.inspector import details
from localecr.inspector.answers import IMAGE
from localecr.inspector.finding import Finding
from localecr.scanner.model import Inventory, Package

Document = dict[str, Any]
TYPES = {"PYTHONPKG": "pypi", "NODEPKG": "npm", "JAR": "maven"}  # purl's types, of what isn't an operating system's
IDENTIFYING = ("name", "version", "release", "epoch", "arch", "packageManager", "filePath", "sourceLayerHash")  # of a VulnerablePackage


def cyclonedx(inventory: Inventory, repository: str, digest: str, account: str, findings: Iterable[Finding], now: float) -> Document:
    """The document of an image: its packages, and which of them have which vulnerabilities by its open ``findings``. ``now``: seconds since 1970."""
    components = {_key(details.identity(each)): _component(inventory, each) for each in inventory.packages}
    properties = {"imageId": digest, "architecture": inventory.architecture, "accountId": account, "resourceType": IMAGE}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.4",
        "version": 1,
        "metadata": {
            "timestamp": in_words(now),
            "component": {"type": "container", "name": repository, "version": digest},
            "properties": [{"name": name, "value": value} for name, value in properties.items()],
        },
        "components": list(components.values()),
        "vulnerabilities": [_vulnerability(each, components) for each in sorted(findings, key=lambda each: each.vulnerability) if each.is_open],
    }


def _component(inventory: Inventory, package: Package) -> Document:
    url = purl(inventory, package)
    return {
        "type": "application" if package.manager == "OS" else "library",  # as AWS's samples have it
        "name": package.name,
        "version": package.version,
        "purl": url,
        "bom-ref": hashlib.sha256(f"{url} {package.path} {package.layer}".encode()).hexdigest()[:32],
        "properties": [{"name": "path", "value": package.path}, {"name": "layer", "value": package.layer}],
    }


def _vulnerability(finding: Finding, components: dict[tuple[Any, ...], Document]) -> Document:
    packages = finding.details["packageVulnerabilityDetails"]["vulnerablePackages"]
    affected = [components[_key(each)]["bom-ref"] for each in packages if _key(each) in components]
    return {"id": finding.vulnerability, "affects": [{"ref": ref} for ref in dict.fromkeys(affected)]}


def _key(package: Document) -> tuple[Any, ...]:
    return tuple(package.get(name) for name in IDENTIFYING)


def purl(inventory: Inventory, package: Package) -> str:
    """``pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12&upstream=zlib``, ``pkg:npm/%40babel/core@7.0.0``."""
    from packageurl import PackageURL

    if package.manager != "OS":
        namespace, _, name = package.name.rpartition(":" if package.manager == "JAR" else "/")
        return PackageURL(TYPES[package.manager], namespace or None, name, package.version).to_string()
    system = inventory.os
    kind = "apk" if "/apk/" in f"/{package.path}" else "deb"
    qualifiers = {
        "arch": package.arch,
        "distro": f"{system.id}-{system.version_id}" if system else None,
        "upstream": package.source if package.source != package.name else None,
    }
    given = {name: value for name, value in qualifiers.items() if value}
    return PackageURL(kind, system.id if system else None, package.name, package.version, given).to_string()
