"""How bad: severities as ECR's basic scanning and as Amazon Inspector assign them. AWS: Image scanning; Amazon Inspector severity levels."""

from __future__ import annotations

from localecr.scanner.model import Vulnerability


def basic(vulnerability: Vulnerability) -> str:
    """INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL or UNDEFINED: the distribution's own rating, else by the CVSS score."""
    raise NotImplementedError


def inspector(vulnerability: Vulnerability) -> str:
    """INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL or UNTRIAGED, by the score."""
    raise NotImplementedError
