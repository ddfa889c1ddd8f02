"""Keys of the gateway: made, rotated and revoked in the store, checked in memory; and who may administer it."""

from proveout.gateway.keys._audits import clear_audits, pending_audits, write_audits
from proveout.gateway.keys._entries import KeyCreated, KeyRevoked, KeyRotated
from proveout.gateway.keys._oidc import Admin, Issuer, OidcGate, discover, verify_admin
from proveout.gateway.keys._ring import KeyRing
from proveout.gateway.keys._roll import create_key, keys_version, list_keys, load_keys, revoke_key, rotate_key
from proveout.gateway.keys._secret import id_of

__all__ = [
    "Admin",
    "Issuer",
    "KeyCreated",
    "KeyRevoked",
    "KeyRing",
    "KeyRotated",
    "OidcGate",
    "clear_audits",
    "create_key",
    "discover",
    "id_of",
    "keys_version",
    "list_keys",
    "load_keys",
    "pending_audits",
    "revoke_key",
    "rotate_key",
    "verify_admin",
    "write_audits",
]
