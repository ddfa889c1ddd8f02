"""Credentials in a text: nobody means to send them to a model, or to get them from one."""

from __future__ import annotations

import re

from proveout.guard._protocol import Verdict, guard

__all__ = ["CredentialsGuard"]

# The public formats of the issuers; each is specific enough that ordinary text does not match it.
_FORMATS = {
    "private key": r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----",
    "key of this gateway": r"\bpvo_[0-9a-z]{8}_[\w-]{43}",
    "AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\bgh[pousr]_[0-9A-Za-z]{36}",
    "Google API key": r"\bAIza[\w-]{35}",
    "Slack token": r"\bxox[abprs]-[0-9A-Za-z-]{10,}",
    "API key of a model provider": r"\bsk-(?:ant-|proj-)?[\w-]{32,}",
}


class CredentialsGuard:
    """Refuses a text that holds a credential in one of the formats that their issuers publish.

    Example:
        >>> CredentialsGuard().check("my key is AKIA" + "A" * 16).reason
        'holds an AWS access key'
        >>> CredentialsGuard().check("what is an access key?").allowed
        True
    """

    name = "credentials"

    def __init__(self) -> None:
        self._found = re.compile("|".join(f"({pattern})" for pattern in _FORMATS.values()), re.ASCII)
        self._names = list(_FORMATS)

    def check(self, text: str) -> Verdict:
        """Whether it holds one."""
        match = self._found.search(text)
        if match is None:
            return Verdict(allowed=True)
        name = self._names[(match.lastindex or 1) - 1]
        return Verdict(allowed=False, reason=f"holds {'an' if name[0] in 'aeiouA' else 'a'} {name}")


@guard("credentials")
def _credentials() -> CredentialsGuard:
    return CredentialsGuard()
