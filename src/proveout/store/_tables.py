"""The one place where tables are defined."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, String, Table

__all__ = ["CONFIGURATION", "METADATA", "SCHEMA_VERSION", "SECRETS", "SUBJECT_KEYS"]

SCHEMA_VERSION = 1
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
