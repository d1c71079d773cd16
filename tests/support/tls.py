"""Certificates for servers on this machine, signed by an authority made for the test."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Authority:
    """An authority nobody trusts, until SSL_CERT_FILE names its certificate."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """The file with its own certificate."""
        return self.folder / "authority.pem"

    @classmethod
    def made(cls, folder: Path) -> Authority:
        """Make one; skip the test where there is no openssl."""
        if shutil.which("openssl") is None:
            pytest.skip("No openssl command on this machine.")
        authority = cls(folder)
        extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
        _openssl(authority.certificate, folder / "authority.key", "/CN=Authority of a test", *extensions)
        return authority

    def server(self, *names: str) -> ssl.SSLContext:
        """Return a server's context with a certificate for these names ("DNS:localhost", "IP:127.0.0.1")."""
        certificate, key = self.folder / f"{len(list(self.folder.iterdir()))}.pem", self.folder / "server.key"
        signed = ["-CA", str(self.certificate), "-CAkey", str(self.folder / "authority.key")]
        plain = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"subjectAltName={','.join(names)}"]
        _openssl(certificate, key, "/CN=Server of a test", *signed, *plain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def _openssl(certificate: Path, key: Path, subject: str, *options: str) -> None:
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key)]
    command = ["openssl", "req", "-x509", *new_key, "-out", str(certificate), "-days", "2", "-subj", subject, *options]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
