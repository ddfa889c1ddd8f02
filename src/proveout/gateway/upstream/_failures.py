"""The errors of both clients, so that a fault reads the same whichever met it."""

from __future__ import annotations

import os
import ssl

from proveout.errors import UpstreamFailed, UpstreamLied, UpstreamTimedOut

__all__ = ["closed_early", "cut_short", "given_up", "malformed", "not_connected", "timed_out", "too_large"]

_AGAIN = "try again; if it lasts, look at the provider's status and at its base_url"


def not_connected(host: str, error: OSError) -> UpstreamFailed:
    """No connection: refused, unknown host, no route, or a certificate that is not trusted."""
    if isinstance(error, ssl.SSLCertVerificationError):
        fix = "check base_url; trust the authority that signed the certificate where it is your own"
        why = error.verify_message or "it does not verify"
        return UpstreamFailed("the provider's certificate is not trusted", why=why, fix=fix, about=host, sent=False)
    if isinstance(error, ssl.SSLError):
        why = error.reason or "the handshake failed"
        return UpstreamFailed("no TLS connection to the provider", why=why, fix=_AGAIN, about=host, sent=False)
    # The text of the operating system alone: asyncio puts the address into its own, and that is nobody's business.
    why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or "no address answered"
    return UpstreamFailed("no connection to the provider", why=why, fix=_AGAIN, about=host, sent=False)


def timed_out(host: str, why: str, *, sent: bool) -> UpstreamTimedOut:
    """A part of a call took too long."""
    fix = "try again; if it lasts, give the provider more time in gateway.toml"
    return UpstreamTimedOut("the provider did not answer in time", why=why, fix=fix, about=host, sent=sent)


def closed_early(host: str, *, sent: bool) -> UpstreamFailed:
    """The connection ended before a byte of an answer."""
    why = "the connection was closed before an answer"
    return UpstreamFailed("the provider did not answer", why=why, fix=_AGAIN, about=host, sent=sent)


def cut_short(host: str) -> UpstreamLied:
    """The connection ended within an answer."""
    why = "the connection was closed within an answer"
    return UpstreamLied("the provider's answer is incomplete", why=why, fix=_AGAIN, about=host)


def malformed(host: str, why: str) -> UpstreamLied:
    """What came is not HTTP."""
    return UpstreamLied("the provider's answer is not HTTP", why=why, fix=_AGAIN, about=host)


def too_large(host: str, what: str, most: int) -> UpstreamLied:
    """Something has more bytes than are taken."""
    fix = "ask for a shorter answer"
    return UpstreamLied("the provider's answer is too large", why=f"{what} over {most} bytes", fix=fix, about=host)


def given_up(host: str) -> UpstreamFailed:
    """A response is read on after it was closed."""
    fix = "read the response before it is closed"
    return UpstreamFailed("the answer was given up", why="the response was closed", fix=fix, about=host)
