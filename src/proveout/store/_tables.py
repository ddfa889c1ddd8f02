"""The one place where tables are defined."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

__all__ = ["API_KEYS", "CONFIGURATION", "METADATA", "PENDING_AUDITS", "SCHEMA_VERSION", "SECRETS", "SUBJECT_KEYS"]

# 2 added API keys and pending audits.
SCHEMA_VERSION = 2
METADATA = MetaData()

CONFIGURATION = Table(
    "configuration",
    METADATA,
    Column("name", String(200), primary_key=True),
    Column("value", String, nullable=False),
)

SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", String(200), primary_key=True),
    Column("material", LargeBinary, nullable=False),
)

# An erased row keeps its id and nothing else, so that "erased" differs from "never existed".
SUBJECT_KEYS = Table(
    "subject_keys",
    METADATA,
    Column("id", LargeBinary, primary_key=True),
    Column("subject", String, nullable=True),
    Column("material", LargeBinary, nullable=True),
    Column("erased_at", BigInteger, nullable=True),
    Index("subject_keys_by_subject", "subject", unique=True),
)

# Records are the gateway's: the store does not look into them.
API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", String(200), primary_key=True),
    Column("record", LargeBinary, nullable=False),
)

# What is still to be written to the ledger: put here in the transaction of the change that it tells of.
PENDING_AUDITS = Table(
    "pending_audits",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("record", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
